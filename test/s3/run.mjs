/**
 * The adapter of S3 against s3rver, a server of S3 by other authors. It brings more than a hundred packages and was last published long ago, so it is installed into a
 * folder of its own and is in no lock file.
 *
 *   npm run test:s3
 *
 * Needs a registry of npm. s3rver takes a request with a wrong signature; the stand-in of test/unit/adapters refuses one.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const version = '3.7.1'
const root = fileURLToPath(new URL('../..', import.meta.url))
const startMsMax = 30_000
const folder = mkdtempSync(join(tmpdir(), 'longitude-s3rver-'))
let server
try {
  const installed = spawnSync(
    'npm',
    ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', `s3rver@${version}`],
    { stdio: 'inherit' },
  )
  if (installed.status !== 0) throw new Error('s3rver was not installed')
  const port = await freePort()
  mkdirSync(join(folder, 'buckets'))
  const program = join(folder, 'node_modules', 's3rver', 'bin', 's3rver.js')
  // It asks for a cipher that OpenSSL 3 has only among the old ones.
  const node = ['--openssl-legacy-provider', program]
  const flags = ['--directory', join(folder, 'buckets'), '--address', '127.0.0.1', '--port', String(port)]
  server = spawn(process.execPath, [...node, ...flags, '--configure-bucket', 'bucket', '--silent'], {
    stdio: 'inherit',
  })
  await answers(port)
  const env = { ...process.env, LONGITUDE_TEST_S3: `http://127.0.0.1:${port}` }
  const { status } = spawnSync('npx', ['vitest', 'run', 'test/s3'], { cwd: root, env, stdio: 'inherit' })
  process.exitCode = status ?? 1
} finally {
  server?.kill()
  rmSync(folder, { recursive: true, force: true })
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

async function answers(port) {
  for (const sinceMs = performance.now(); performance.now() - sinceMs < startMsMax;) {
    try {
      await fetch(`http://127.0.0.1:${port}/`)
      return
    } catch {
      await new Promise((resolve) => {
        setTimeout(resolve, 50)
      })
    }
  }
  throw new Error('s3rver does not answer')
}
