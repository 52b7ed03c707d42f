/**
 * README.md as a stranger follows it, from top to bottom, in an empty container: every block of shell commands is run in its order, and what is printed has the shape of
 * the output that README shows below it. `<this repository>` is a clone of this one's last commit.
 *
 *   npm run test:stranger                      in a container, where a Docker engine answers (NODE_IMAGE names the image; it needs npm, and gets git)
 *   npm run test:stranger -- --here            in an empty folder of this machine, with an empty home
 *   npm run test:stranger -- --busy            the drill may miss its targets, but for lost writes, equal replicas and what it leaves, as on a machine that is busy with other work
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const image = process.env.NODE_IMAGE ?? 'node:24-bookworm-slim'
const { values } = parseArgs({ options: { here: { type: 'boolean' }, busy: { type: 'boolean' } } })
const mark = '=== block'
/** Of a verdict, what a busy machine alone may bring about: it is there, whatever was found. */
const missable = /^ *(?:ok|NOT MET) +(steps|RTO|RPO in items|RPO in seconds|availability for clients in \S+) .*$/gm

const folder = mkdtempSync(join(tmpdir(), 'longitude-stranger-'))
try {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const blocks = [
    ...readme.matchAll(/^```sh\n([\s\S]*?)^```\n(?:\n<!-- output: \w+, [\d-]+ -->\n```\n([\s\S]*?)^```$)?/gm),
  ].map(([, commands = '', output]) => ({ commands, output }))
  assert.ok(blocks.length >= 2, 'README has commands')
  clone()
  const script = blocks.map(({ commands }, n) => `echo '${mark} ${n}'\n${mayMiss(commands)}`).join('\n')
  writeFileSync(join(folder, 'script.sh'), `set -e\n${script.replaceAll('<this repository>', '"$REPOSITORY"')}`)
  const printed = values.here === true ? here() : contained()
  const parts = printed.split(new RegExp(`^${mark} \\d+\\n`, 'm')).slice(1)
  assert.equal(parts.length, blocks.length, 'every block was run')
  for (const [n, { commands, output }] of blocks.entries()) {
    if (output !== undefined) {
      const wanted = shapesOf(output)
      const missing = wanted.filter((line) => !shapesOf(parts[n]).includes(line))
      assert.deepEqual(missing, [], `what README shows of: ${commands}`)
    }
    console.log(`ok  ${commands.trim().split('\n').join('; ')}`)
  }
  console.log('passed')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** A drill that misses a target ends with 1. */
function mayMiss(commands) {
  return values.busy === true ? commands.replaceAll(/^npx longitude drill run .*$/gm, '$& || [ $? -eq 1 ]') : commands
}

/** With its history, as a stranger gets it; what is not committed is not in it. */
function clone() {
  const { status, stderr } = spawnSync('git', ['clone', '--quiet', '--bare', root, join(folder, 'repository.git')], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
}

function contained() {
  const settle =
    'apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends git ca-certificates >/dev/null 2>&1'
  const inside = `${settle} && git config --global --add safe.directory '*' && mkdir /stranger && cd /stranger && bash /given/script.sh`
  const flags = [
    '--rm',
    '--network',
    'host',
    '--volume',
    `${folder}:/given:ro`,
    '--env',
    'REPOSITORY=/given/repository.git',
  ]
  return run('docker', ['run', ...flags, '--entrypoint', 'bash', image, '-c', inside], process.env)
}

function here() {
  const home = join(folder, 'home')
  const empty = join(folder, 'empty')
  for (const made of [home, empty]) mkdirSync(made)
  const { PATH } = process.env
  const env = {
    PATH,
    HOME: home,
    REPOSITORY: join(folder, 'repository.git'),
    npm_config_userconfig: process.env.npm_config_userconfig ?? '',
  }
  return run('bash', [join(folder, 'script.sh')], env, empty)
}

function run(program, args, env, cwd = folder) {
  const { status, stdout, error } = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
    cwd,
    maxBuffer: 64 * 1024 * 1024,
  })
  if (error) throw error
  assert.equal(status, 0, `${program} ended with ${status}:\n${stdout}`)
  return stdout
}

/** Lines without their figures and the space between columns; of a verdict whether it was met. */
function shapesOf(text) {
  return (values.busy === true ? text.replaceAll(missable, '$1') : text)
    .split('\n')
    .map((line) =>
      line
        .replaceAll(/\d+(?:\.\d+)?/g, '#')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '')
}
