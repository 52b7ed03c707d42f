/**
 * Two kinds of node beside each other, operation by operation. One process can be a few percent faster than its equal for as long as it lives: by where its memory
 * lies, or by the order in which its code was compiled. So both are started again for every block of rounds, each of them first in every second block.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Load,
  type NodeChild,
  type NodeOrder,
  removeFolder,
  started,
  startNats,
  startNode,
  stopped,
  temporaryFolder,
} from './children.ts'
import { type Candidate, measure, type Sample, type Samples } from './measure.ts'
import { requestsOf, type Size } from './pairs.ts'
import { aimAt, type Aim, call, createTable, fillRequest, tableName } from './requests.ts'

export type SideBySide = {
  readonly load: Load
  /** Path of the nats-server. */
  readonly nats: string
  readonly kinds: readonly string[]
  readonly operations: readonly string[]
  /** In what the node of a kind differs; the folder is its own. */
  readonly orderOf: (kind: string, folder: string) => Partial<NodeOrder>
  readonly table?: Readonly<Record<string, unknown>>
  /** `rounds` are those of all blocks. */
  readonly size: Size & { readonly blocks: number }
}

export const region = 'us-east-1'
const fillsAtOnce = 8

/** Samples by "OPERATION KIND". */
export async function sideBySide(options: SideBySide): Promise<Samples> {
  const { kinds, operations, size } = options
  const all = new Map<string, Sample[]>()
  for (let block = 0; block < size.blocks; block++) {
    console.error(`pair ${block + 1} of ${size.blocks}`)
    const order = block % 2 === 0 ? kinds : kinds.toReversed()
    for (const [name, samples] of await measuredBlock(options, order))
      all.set(name, [...(all.get(name) ?? []), ...samples])
  }
  return new Map(
    operations.flatMap((operation) =>
      kinds.map((kind) => [`${operation} ${kind}`, all.get(`${operation} ${kind}`) ?? []]),
    ),
  )
}

async function measuredBlock(options: SideBySide, kinds: readonly string[]): Promise<Samples> {
  const { load, operations, size } = options
  const folder = temporaryFolder()
  const nodes: NodeUnderTest[] = []
  try {
    for (const kind of kinds) nodes.push(await startedNode(options, kind, join(folder, kind)))
    for (const { aim } of nodes) await createAndFill(aim, options)
    const candidates = operations.flatMap((operation) =>
      nodes.map(({ kind, node, aim }): Candidate => ({
        name: `${operation} ${kind}`,
        target: { port: node.port, pids: [node.pid] },
        requests: requestsOf(operation, aim, size),
      })),
    )
    const rounds = Math.ceil(size.rounds / size.blocks)
    return await measure(load, candidates, { ...size, rounds, warmUpMs: warmUpMs(size), turns: true })
  } finally {
    for (const { stop } of nodes) await stop()
    removeFolder(folder)
  }
}

/** Of each operation of a node that was just started. */
const warmUpMs = ({ ms }: Size): number => ms * 1.5

type NodeUnderTest = {
  readonly kind: string
  readonly node: NodeChild
  readonly aim: Aim
  readonly stop: () => Promise<void>
}

async function startedNode({ nats, orderOf }: SideBySide, kind: string, data: string): Promise<NodeUnderTest> {
  mkdirSync(data)
  const server = await started(startNats(nats, data))
  const node = await started(startNode({ region, data, nats: server.port, ...orderOf(kind, data) }))
  const stop = async (): Promise<void> => {
    await stopped(node)
    await stopped(server)
  }
  return { kind, node, aim: aimAt(node.port), stop }
}

async function createAndFill(aim: Aim, { size: { items }, table = {} }: SideBySide): Promise<void> {
  await createTable(aim, table, tableName)
  for (let n = 0; n < items; n += 25 * fillsAtOnce)
    await Promise.all(
      Array.from({ length: Math.min(fillsAtOnce, (items - n) / 25) }, (_, batch) =>
        call(aim, ...fillRequest(tableName, n + batch * 25)),
      ),
    )
}
