/**
 * A Chromium for the browser test: CHROMIUM, or one that is installed; where the tests run as root on Debian without one, its
 * package is installed. Undefined with a line that says why when there is none.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { type Browser, chromium } from 'playwright-core'

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
]
const installMsMax = 240_000

export async function openBrowser(): Promise<Browser | undefined> {
  const executablePath = find() ?? install()
  if (executablePath === undefined) {
    console.warn('no browser: CHROMIUM names none, none is installed, and none can be; the page is not looked at')
    return undefined
  }
  // The sandbox needs rights that a container's root does not have; the page is ours.
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] })
}

function find(): string | undefined {
  return [process.env['CHROMIUM'] ?? '', ...places].find((path) => path !== '' && existsSync(path))
}

function install(): string | undefined {
  if (userInfo().uid !== 0 || !existsSync('/usr/bin/apt-get')) return undefined
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']])
    spawnSync('apt-get', args, { stdio: 'ignore', timeout: installMsMax, env: environment })
  return find()
}
