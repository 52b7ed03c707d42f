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
import { machine } from './machine.ts'
import { type Candidate, measure } from './measure.ts'
import { reportPairs, requestsOf } from './pairs.ts'
import { type Aim, aimAt, call, createTable, fillRequest, tableName } from './requests.ts'

const flags = flagsOf(`npm run bench:capacity -- [options]

  --quick   within a minute
  --json    the ratios alone`)
const size = flags.quick
  ? { rounds: 3, ms: 600, items: 4000, connections: 32 }
  : { rounds: 15, ms: 3000, items: 40_000, connections: 32 }
/** So many that nothing is ever short, and as many partitions as there can be. */
const plenty = {
  BillingMode: 'PROVISIONED',
  ProvisionedThroughput: { ReadCapacityUnits: 700_000, WriteCapacityUnits: 250_000 },
}
const modes = ['off', 'enforce'] as const
const measured = ['GetItem', 'PutItem'] as const
const pairs = measured.map((name) => ({
  name: `${name} with enforce / off`,
  of: `${name}, enforce`,
  over: `${name}, off`,
}))

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
  reportPairs(await measure(load, ordered, size), pairs, {
    bench: 'capacity',
    root,
    machine: about,
    size,
    json: flags.json,
  })
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
    requests: requestsOf(name, aim, size),
  }))
}

async function fill(aim: Aim): Promise<void> {
  for (let n = 0; n < size.items; n += 25) await call(aim, ...fillRequest(tableName, n))
}
