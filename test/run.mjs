/**
 * The project's test command: sets up what is missing, then checks and tests everything that belongs to the default run.
 *
 *   npm test                 set-up, format, lint, types, all tests
 *   npm test -- path/...     set-up, then only the tests under these paths
 *   npm run simulate         the simulator over thousands of seeds
 *   npm run chaos            the long chaos tests with real processes; -- kills cuts for some of them
 *   npm run attack           attacks on a running deployment, with what each cost; -- --brief for a tenth of it
 *   npm run fuzz             a million mutated requests; -- 5000 for so many, -- 5000 77 for those from seed 77,
 *                            -- 5000 77 --workers 2 to a region of several processes
 *   npm run fuzz:dax         a million mutated requests of DAX's protocol; -- 5000 77 for 5,000 from seed 77
 *   npm run fuzz:frames      a million changed frames between the processes of a region; -- 5000 77 as before
 *   npm run drills           every drill, on regions of its own
 *   npm run test:s3          the adapter of S3 against s3rver (test/s3/run.mjs)
 *   npm run test:package     the package from its tarball (test/package/run.mjs); test:nodes, test:streams, test:dax, examples
 *
 * Plain JavaScript and nothing but Node, since it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepare } from '../src/cli/prepare.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const [mode, ...rest] = process.argv.slice(2)
/** Not with processes, and long all the same: LONGITUDE_DAMAGE_FLIPS says how many bits or bytes are changed. */
const damagedStores = ['test/store/damaged-file.test.ts', 'test/store/damaged-records.test.ts']
/** In virtual time: every line and volume instead of the corners. */
const narrowLines = 'test/simulation/narrow.test.ts'

prepareAll()
switch (mode) {
  case undefined:
    checks()
    vitest([])
    break
  case 'simulate':
    process.exit(run('simulator', ['tsx', 'test/simulation/simulate.ts', ...rest]))
    break
  case 'drills':
    process.exit(run('drills', ['tsx', 'test/drills/nightly.ts', ...rest]))
    break
  case 'attack':
    process.exit(run('attacks', ['tsx', 'test/attack/attack.ts', ...rest]))
    break
  case 'fuzz':
    fuzzOptions()
    console.log(`fuzz: ${process.env.LONGITUDE_FUZZ_REQUESTS} requests from seed ${process.env.LONGITUDE_FUZZ_SEED}`)
    vitest(['test/conformance/fuzz.test.ts'])
    break
  case 'fuzz-dax':
    process.env.LONGITUDE_DAX_FRAMES = rest[0] ?? '1000000'
    process.env.LONGITUDE_DAX_SEED = rest[1] ?? String(Math.floor(Math.random() * 1e9))
    console.log(`fuzz: ${process.env.LONGITUDE_DAX_FRAMES} requests from seed ${process.env.LONGITUDE_DAX_SEED}`)
    vitest(['test/unit/dax/frames.test.ts'])
    break
  case 'fuzz-frames':
    process.env.LONGITUDE_FRAMES = rest[0] ?? '1000000'
    process.env.LONGITUDE_FRAMES_SEED = rest[1] ?? String(Math.floor(Math.random() * 1e9))
    console.log(`fuzz: ${process.env.LONGITUDE_FRAMES} frames from seed ${process.env.LONGITUDE_FRAMES_SEED}`)
    vitest(['test/unit/wire/frames-fuzz.test.ts', '--testTimeout', '3600000'])
    break
  case 'chaos':
    process.env.LONGITUDE_CHAOS = 'long'
    process.env.LONGITUDE_DAMAGE_FLIPS ??= '5000'
    vitest(
      rest.some(isChaosTest)
        ? rest.map((word) => (isChaosTest(word) ? chaosTest(word) : word))
        : ['test/chaos', ...damagedStores, narrowLines, ...rest],
    )
    break
  default:
    vitest([mode, ...rest])
}

function fuzzOptions() {
  const at = rest.indexOf('--workers')
  const [, workers = '0'] = at < 0 ? [] : rest.splice(at, 2)
  process.env.LONGITUDE_FUZZ_WORKERS = workers
  process.env.LONGITUDE_FUZZ_REQUESTS = rest[0] ?? '1000000'
  process.env.LONGITUDE_FUZZ_SEED = rest[1] ?? String(Math.floor(Math.random() * 1e9))
}

function prepareAll() {
  prepare({ root, log: (line) => console.log(line) })
  if (run('nats-server', ['node', 'dist/cli/cli.js', 'nats-server']) !== 0) process.exit(1)
}

function checks() {
  const commands = [
    ['format', ['oxfmt', '--check']],
    ['lint', ['oxlint', '--type-aware', '--deny-warnings', 'src', 'test']],
    ['types', ['tsc', '-p', 'tsconfig.json']],
    ['types of the page', ['tsc', '-p', 'src/console/page']],
  ]
  const failed = commands.filter(([name, command]) => run(name, command) !== 0)
  if (failed.length === 0) return
  console.error(`\n${failed.map(([name]) => name).join(', ')} failed; the tests were not run`)
  process.exit(1)
}

function chaosTest(name) {
  return name === 'narrow' ? narrowLines : `test/chaos/${name}.test.ts`
}

function isChaosTest(word) {
  return existsSync(join(root, chaosTest(word)))
}

/** Runs the tests and closes with a line of counts that any CI can read. */
function vitest(paths) {
  const folder = mkdtempSync(join(tmpdir(), 'longitude-test-'))
  const report = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const status = run('tests', ['vitest', 'run', ...reporters, ...paths])
  const counts = readCounts(report)
  rmSync(folder, { recursive: true, force: true })
  console.log(`${counts.passed} passed, ${counts.failed} failed`)
  process.exit(status === 0 && counts.passed > 0 ? 0 : 1)
}

function readCounts(report) {
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8'))
    return { passed: numPassedTests, failed: numFailedTests === 0 ? numFailedTestSuites : numFailedTests }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

function run(name, [command, ...args]) {
  const started = performance.now()
  const binary = command === 'node' ? process.execPath : join(root, 'node_modules', '.bin', command)
  const { status, error } = spawnSync(binary, args, { cwd: root, stdio: 'inherit' })
  if (error) console.error(`${name}: ${error.message}`)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok' : 'FAILED'}  ${name} (${seconds} s)`)
  return status ?? 1
}
