/**
 * What the embedded cluster costs a test suite: to import it, to make three regions, and to set them back between two tests. Beside it, the
 * same of dynalite (one region, in memory) and of a server of ours that a suite starts as a process.
 *
 *   npm run bench:embedded [-- --quick]
 *
 * Each figure is the median of fresh processes. dynalite is fetched by npm when the bench runs: as a development dependency it would bring a
 * database of its own into every installation.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepare } from '../../src/cli/prepare.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const runs = process.argv.includes('--quick') ? 3 : 9
const goalsMs = { import: 100, regions: 50, reset: 5 }

const ours = `
const began = performance.now()
const { createCluster } = await import(${JSON.stringify(join(root, 'dist', 'package', 'testing.js'))})
const imported = performance.now()
const cluster = await createCluster({ clock: 'manual' })
const made = performance.now()
const resets = []
for (let n = 0; n < 20; n++) {
  const before = performance.now()
  await cluster.reset()
  resets.push(performance.now() - before)
}
console.log(JSON.stringify({ import: imported - began, regions: made - imported, reset: resets.sort((a, b) => a - b)[10] }))
process.exit()
`

const dynalites = (folder) => `
const began = performance.now()
const { default: dynalite } = await import(${JSON.stringify(join(folder, 'node_modules', 'dynalite', 'index.js'))})
const imported = performance.now()
const start = () => new Promise((resolve) => { const server = dynalite({ createTableMs: 0 }); server.listen(0, '127.0.0.1', () => resolve(server)) })
let server = await start()
const made = performance.now()
const resets = []
for (let n = 0; n < 20; n++) {
  const before = performance.now()
  await new Promise((resolve) => server.close(resolve))
  server = await start()
  resets.push(performance.now() - before)
}
console.log(JSON.stringify({ import: imported - began, regions: made - imported, reset: resets.sort((a, b) => a - b)[10] }))
process.exit()
`

prepare({ root, log: (line) => console.error(line) })
const folder = mkdtempSync(join(tmpdir(), 'longitude-bench-'))
try {
  const embedded = medians(ours)
  print('the embedded cluster, three regions', embedded, goalsMs)
  const fetched = npmInstall(folder)
  if (fetched) print('dynalite 4, one region (reset: a new server)', medians(dynalites(folder)))
  else console.log('dynalite could not be fetched')
  await printServer()
  const missed = Object.keys(goalsMs).filter((name) => embedded[name] > goalsMs[name])
  console.log(missed.length === 0 ? 'every goal is met' : `missed: ${missed.join(', ')}`)
  process.exitCode = missed.length === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function medians(script) {
  const results = Array.from({ length: runs }, () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      encoding: 'utf8',
    })
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout)
  })
  return Object.fromEntries(Object.keys(goalsMs).map((name) => [name, median(results.map((result) => result[name]))]))
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

function print(what, figures, goals) {
  console.log(what)
  for (const [name, ms] of Object.entries(figures))
    console.log(
      `  ${name.padEnd(8)} ${ms.toFixed(1).padStart(8)} ms${goals === undefined ? '' : `  (goal: ${goals[name]})`}`,
    )
}

function npmInstall(to) {
  const args = ['install', '--prefix', to, '--no-audit', '--no-fund', '--loglevel=error', 'dynalite@4']
  return spawnSync('npm', args, { stdio: 'inherit' }).status === 0
}

/** From the start of the process to its endpoints, and its reset by HTTP. */
async function printServer() {
  const began = performance.now()
  const program = join(root, 'dist', 'cli', 'cli.js')
  const options = ['serve', '--ephemeral', '--regions', 'us-east-1,eu-west-1,ap-northeast-1', '--json']
  const server = spawn(process.execPath, [program, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(server.stdout.setEncoding('utf8'), 'data')
  const started = performance.now()
  const [{ endpoint }] = JSON.parse(line).regions
  const resets = []
  for (let n = 0; n < 20; n++) {
    const before = performance.now()
    await (await fetch(`${endpoint}/_longitude/reset`, { method: 'POST' })).json()
    resets.push(performance.now() - before)
  }
  server.kill()
  print('a started server, three regions', { start: started - began, reset: median(resets) })
}
