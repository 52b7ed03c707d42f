/**
 * What `--capacity enforce` costs a GetItem and a PutItem: two regions on this machine, one that counts and one that does not, each with a table that has more
 * than enough of everything. They are measured in turn in every round, so that whatever else the machine does falls on both.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNatsServer } from '../../src/nats-server/find.ts'
import { Load, removeFolder, started, startNats, startNode, stopAll, temporaryFolder } from './children.ts'
import { flagsOf } from './flags.ts'
import { rounded, table } from './figures.ts'
import { goals } from './goals.ts'
import { keep, machine } from './machine.ts'
import { type Candidate, measure, middle, ratioOf } from './measure.ts'
import {
  type Aim,
  aimAt,
  call,
  createTable,
  encodeRequest,
  fillRequest,
  operations,
  spread,
  tableName,
} from './requests.ts'

const flags = flagsOf(`npm run bench:capacity -- [options]

  --quick   within a minute
  --json    the ratios alone`)
const size = flags.quick
  ? { rounds: 3, ms: 600, items: 4000, connections: 32 }
  : { rounds: 15, ms: 3000, items: 40_000, connections: 32 }
const requestsMax = 2000
/** So many that nothing is ever short, and as many partitions as there can be. */
const plenty = {
  BillingMode: 'PROVISIONED',
  ProvisionedThroughput: { ReadCapacityUnits: 700_000, WriteCapacityUnits: 250_000 },
}
const modes = ['off', 'enforce'] as const
const measured = ['GetItem', 'PutItem'] as const

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = temporaryFolder()
const about = machine()

try {
  const load = await started(Load.start())
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const nats = await started(startNats(path, folder))
  const candidates: Candidate[] = []
  for (const mode of modes) candidates.push(...(await candidatesOf(mode, nats.port)))
  // Side by side: the two of one operation come one after the other.
  const ordered = measured.flatMap((name) => candidates.filter((each) => each.name.startsWith(name)))
  report(await measure(load, ordered, size))
} finally {
  await stopAll()
  removeFolder(folder)
}

async function candidatesOf(mode: (typeof modes)[number], nats: number): Promise<readonly Candidate[]> {
  const data = join(folder, mode)
  mkdirSync(data)
  const node = await started(startNode({ region: 'us-east-1', data, nats, capacity: mode }))
  const aim = aimAt(node.port)
  await createTable(aim, plenty)
  await fill(aim)
  return measured.map((name) => ({
    name: `${name}, ${mode}`,
    target: { port: node.port, pids: [node.pid] },
    requests: requestsOf(name, aim),
  }))
}

function requestsOf(name: (typeof measured)[number], aim: Aim): readonly Buffer[] {
  const make = operations[name]
  if (make === undefined) throw new Error(`no operation ${name}`)
  return spread(requestsMax, size.items).map((n) => encodeRequest(...make(n, size.items), aim))
}

async function fill(aim: Aim): Promise<void> {
  for (let n = 0; n < size.items; n += 25) await call(aim, ...fillRequest(tableName, n))
}

function report(samples: Awaited<ReturnType<typeof measure>>): void {
  const told: Record<string, object> = {}
  const lines: (readonly (string | number)[])[] = []
  for (const name of measured) {
    const [off = [], enforce = []] = modes.map((mode) => samples.get(`${name}, ${mode}`))
    for (const [label, figure] of [
      ['', 'rate'],
      [', processor time', 'cpuMicros'],
    ] as const) {
      const { ratio, least, most } = ratioOf(enforce, off, figure)
      const key = `${name} with enforce / off${label}`
      const [goal = '', stretch = ''] = goals[key] ?? []
      told[key] = { ratio: rounded(ratio), spread: [rounded(least), rounded(most)], goal, stretch }
      lines.push([key, rounded(ratio), `${rounded(least)} – ${rounded(most)}`, goal, stretch])
    }
  }
  const rates = [...samples].map(([name, of]) => [
    name,
    Math.round(middle(of, 'rate')),
    rounded(middle(of, 'cpuMicros')),
    `${Math.round(middle(of, 'loadBusy') * 100)} %`,
    rounded(middle(of, 'p50Ms')),
    rounded(middle(of, 'p99Ms')),
  ])
  const kept = keep(root, 'capacity', { machine: about, size, ratios: told, rates })
  if (flags.json) return console.log(JSON.stringify(told, undefined, 1))
  console.log(
    [
      table([['', 'a second', 'CPU µs', 'load busy', 'p50 ms', 'p99 ms'], ...rates]),
      '',
      table([['ratio', '', 'spread', 'goal', 'stretch'], ...lines]),
      '',
      `${size.connections} connections, medians of ${size.rounds} interleaved rounds of ${size.ms} ms.`,
      `kept in ${kept}`,
    ].join('\n'),
  )
}
