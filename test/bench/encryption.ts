/** What encryption at rest costs: the same operations on two nodes, one with a keyring, round by round beside each other. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeMessageKeys } from '../../src/deployment/secrets/keys/message-keys.ts'
import { findNatsServer } from '../../src/nats-server/find.ts'
import {
  Load,
  type NodeChild,
  removeFolder,
  started,
  startNats,
  startNode,
  stopAll,
  temporaryFolder,
} from './children.ts'
import { flagsOf } from './flags.ts'
import { rounded, table } from './figures.ts'
import { goals } from './goals.ts'
import { keep, machine } from './machine.ts'
import { type Candidate, measure, middle, type Ratio, ratioOf } from './measure.ts'
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

const usage = `npm run bench:encryption -- [options]

  --quick   within a minute
  --json    the ratios alone`

const flags = flagsOf(usage)
const size = flags.quick ? { rounds: 3, ms: 600, items: 4000 } : { rounds: 7, ms: 3000, items: 40_000 }
const connections = 32
const requestsMax = 2000
const region = 'us-east-1'
const compared = ['GetItem', 'PutItem', 'Query20', 'Scan100'] as const

const folder = temporaryFolder()
const ratios: Record<string, Ratio> = {}
const rates: (readonly (string | number)[])[] = []

try {
  const load = await started(Load.start())
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const plain = await node(path, 'plain')
  const encrypted = await node(path, 'encrypted')
  for (const each of [plain, encrypted]) await fill(aimAt(each.port))
  const nodes = { plain, encrypted }
  const candidates = compared.flatMap((name) =>
    Object.entries(nodes).map(([kind, each]) => candidate(`${name} ${kind}`, name, each)),
  )
  const samples = await measure(load, candidates, { ...size, connections })
  for (const name of compared) {
    const [of, over] = [samples.get(`${name} encrypted`) ?? [], samples.get(`${name} plain`) ?? []]
    ratios[`${name} encrypted / plain`] = ratioOf(of, over)
    ratios[`${name} encrypted / plain, CPU`] = ratioOf(of, over, 'cpuMicros')
  }
  for (const [name, of] of samples)
    rates.push([
      name,
      ...(['rate', 'cpuMicros', 'loadBusy', 'p50Ms', 'p99Ms'] as const).map((figure) => rounded(middle(of, figure))),
    ])
  report()
} finally {
  await stopAll()
  removeFolder(folder)
}

/** With message keys both, which encryption needs: that is all in which they differ. */
async function node(nats: string, kind: 'plain' | 'encrypted'): Promise<NodeChild> {
  const own = join(folder, kind)
  mkdirSync(own)
  const messageKeys = join(own, 'message-keys')
  makeMessageKeys(messageKeys, [region])
  const { port } = await started(startNats(nats, own))
  const more = kind === 'encrypted' ? { keyring: join(own, 'keyring') } : {}
  return await started(startNode({ region, data: own, nats: port, messageKeys, more }))
}

async function fill(aim: Aim): Promise<void> {
  await createTable(aim, {}, tableName)
  for (let n = 0; n < size.items; n += 25 * 8)
    await Promise.all(
      Array.from({ length: Math.min(8, (size.items - n) / 25) }, (_, batch) =>
        call(aim, ...fillRequest(tableName, n + batch * 25)),
      ),
    )
}

function candidate(name: string, operation: string, { port, pid }: NodeChild): Candidate {
  const make = operations[operation]
  if (make === undefined) throw new Error(`no operation ${operation}`)
  const requests = spread(requestsMax, size.items).map((n) => encodeRequest(...make(n, size.items), aimAt(port)))
  return { name, target: { port, pids: [pid] }, requests }
}

function report(): void {
  const told = Object.fromEntries(
    Object.entries(ratios).map(([name, { ratio, least, most }]) => {
      const [goal] = goals[name] ?? []
      const spreadOf = [rounded(least), rounded(most)]
      return [name, { ratio: rounded(ratio), spread: spreadOf, ...(goal === undefined ? {} : { goal }) }]
    }),
  )
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const kept = keep(root, 'encryption', { machine: machine(), size, ratios: told, rates })
  if (flags.json) return console.log(JSON.stringify(told, undefined, 1))
  const lines = Object.entries(told).map(
    ([
      name,
      {
        ratio,
        spread: [least = 0, most = 0],
        goal,
      },
    ]) => [name, ratio, `${least} – ${most}`, goal ?? ''],
  )
  console.log(
    [
      table([['', 'a second', 'CPU µs', 'load busy', 'p50 ms', 'p99 ms'], ...rates]),
      '',
      table([['ratio', '', 'spread', 'goal'], ...lines]),
      '',
      `${connections} connections, medians of ${size.rounds} interleaved rounds of ${size.ms} ms, ${size.items} items of about 500 bytes. Query20 reads 20 items, Scan100 reads 100.`,
      `kept in ${kept}`,
    ].join('\n'),
  )
}
