/**
 * What policies cost: nodes side by side that verify the same keys. One asks no policies (`--access off`), one allows by action and resource, and one looks at the
 * partition key of each request. Each has its own data; the rounds take turns.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNatsServer } from '../../src/nats-server/find.ts'
import { Load, removeFolder, started, startNats, startNode, stopAll, temporaryFolder } from './children.ts'
import { flagsOf } from './flags.ts'
import { rounded, table } from './figures.ts'
import { keep, machine } from './machine.ts'
import { type Candidate, measure, middle, ratioOf } from './measure.ts'
import {
  aimAt,
  call,
  createTable,
  credential,
  encodeRequest,
  fillRequest,
  operations,
  spread,
  tableName,
} from './requests.ts'

const flags = flagsOf(`npm run bench:access -- [options]

  --quick   within a minute
  --json    the ratios alone`)
const size = flags.quick
  ? { rounds: 3, ms: 600, items: 2000, connections: 32 }
  : { rounds: 7, ms: 3000, items: 20_000, connections: 32 }
const measured = ['GetItem', 'PutItem', 'Query20'] as const
const requestsMax = 2000

const everything = { Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' }
const byKey = {
  ...everything,
  Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['*'] } },
}
const modes = {
  off: { access: 'off', statement: everything },
  'by action and resource': { access: 'strict', statement: everything },
  'by partition key': { access: 'strict', statement: byKey },
} as const

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folders: string[] = []

try {
  const load = await started(Load.start())
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const nats = await started(startNats(path, folder()))
  const candidates: Candidate[] = []
  for (const [name, mode] of Object.entries(modes)) candidates.push(...(await candidatesOf(name, mode, nats.port)))
  const samples = await measure(load, candidates, size)
  const ratios: Record<string, unknown> = {}
  const rates: (string | number)[][] = []
  for (const operation of measured)
    for (const name of Object.keys(modes)) {
      const of = samples.get(`${operation}, ${name}`) ?? []
      rates.push([
        `${operation}, ${name}`,
        ...[middle(of, 'rate'), middle(of, 'cpuMicros'), middle(of, 'p50Ms'), middle(of, 'p99Ms')].map(rounded),
      ])
      if (name === 'off') continue
      const { ratio, least, most } = ratioOf(of, samples.get(`${operation}, off`) ?? [])
      ratios[`${operation} ${name} / off`] = { ratio: rounded(ratio), spread: [rounded(least), rounded(most)] }
    }
  keep(root, 'access', { machine: machine(), size, ratios, rates })
  if (flags.json) console.log(JSON.stringify(ratios, undefined, 1))
  else {
    console.log(table([['', 'a second', 'CPU µs', 'p50 ms', 'p99 ms'], ...rates]))
    for (const [name, found] of Object.entries(ratios)) console.log(`${name}: ${JSON.stringify(found)}`)
  }
} finally {
  await stopAll()
  for (const each of folders) removeFolder(each)
}

type Mode = (typeof modes)[keyof typeof modes]

async function candidatesOf(name: string, { access, statement }: Mode, nats: number): Promise<readonly Candidate[]> {
  const data = folder()
  const identities = join(data, 'identities.json')
  const policies = { own: { Version: '2012-10-17', Statement: [statement] } }
  const user = { name: 'bench', accessKeys: [credential], policies }
  writeFileSync(identities, JSON.stringify({ users: [user] }), { mode: 0o600 })
  const order = { region: 'us-east-1', data, nats, verifies: false, more: { identities, access } }
  const node = await started(startNode(order))
  const aim = aimAt(node.port)
  await createTable(aim)
  for (let n = 0; n < size.items; n += 25) await call(aim, ...fillRequest(tableName, n))
  return measured.map((operation) => ({
    name: `${operation}, ${name}`,
    target: { port: node.port, pids: [node.pid] },
    requests: spread(requestsMax, size.items).map((n) => {
      const make = operations[operation]
      if (make === undefined) throw new Error(`no operation ${operation}`)
      return encodeRequest(...make(n, size.items), aim)
    }),
  }))
}

function folder(): string {
  const made = temporaryFolder()
  folders.push(made)
  return made
}
