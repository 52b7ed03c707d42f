/** An engine on a store in memory, with a clock that the test moves, and tables in few words. */
import { MemoryBlobs } from '../../../src/adapters/memory/memory-blobs.ts'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import type { Item } from '../../../src/core/attribute/value.ts'
import { decodeItem } from '../../../src/core/item/item-bytes.ts'
import { bodyOffset } from '../../../src/core/item/row.ts'
import { encodePrimaryKey, keyAttributesOf } from '../../../src/core/key/primary-key.ts'
import type { IndexRegister } from '../../../src/core/table/registers.ts'
import type { KeyAttribute, Table } from '../../../src/core/table/table.ts'
import type { Topology } from '../../../src/core/topology.ts'
import type { Write } from '../../../src/core/write/write.ts'
import type { RegisterEdit, RemoteBatch } from '../../../src/engine/commands/command.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { openEngine, type EngineOptions } from '../../../src/engine/open-engine.ts'
import type { Bus } from '../../../src/ports/bus.ts'
import type { Env } from '../../../src/ports/env.ts'
import type { Log } from '../../../src/ports/log.ts'
import type { Store } from '../../../src/ports/store.ts'

export const regionNames = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
export type RegionName = (typeof regionNames)[number]

export const topologyOf = (self: RegionName): Topology => {
  const regions = regionNames.map((name, index) => ({ name, number: index + 1 }))
  return { self: { name: self, number: regionNames.indexOf(self) + 1 }, regions }
}

export const startMs = 1_700_000_000_000

export class TestClock {
  wall = startMs
  monotonic = 0
  wallMs = (): number => this.wall
  monotonicMs = (): number => (this.monotonic += 0.01)
  after(_ms: number, work: () => void): () => void {
    const immediate = setImmediate(work)
    return () => clearImmediate(immediate)
  }
  sleep = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
}

export type Counted = { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly by: number }

export type TestRegion = {
  readonly engine: Engine
  readonly clock: TestClock
  readonly env: Env
  readonly counted: Counted[]
  readonly logged: string[]
}

let epochs = 0

export async function openRegion(
  name: RegionName,
  store: Store = new MemoryStore(),
  options: Partial<EngineOptions> & { readonly clock?: TestClock } = {},
): Promise<TestRegion> {
  const clock = options.clock ?? new TestClock()
  const counted: Counted[] = []
  const logged: string[] = []
  const note = (event: string): void => void logged.push(event)
  const log: Log = { debug: note, info: note, warn: note, error: note, with: () => log }
  const env: Env = {
    clock,
    store,
    log,
    blobs: new MemoryBlobs(),
    bus: undefined as unknown as Bus,
    random: { bytes: (count) => Buffer.alloc(count, 7), fraction: () => 0.5, uuid: () => `epoch-${++epochs}` },
    meter: {
      count: (metric, labels = {}, by = 1) => void counted.push({ name: metric, labels, by }),
      gauge: () => {},
      forget: () => {},
      observe: () => {},
    },
  }
  const engine = await openEngine(env, { topology: topologyOf(name), ...options })
  return { engine, clock, env, counted, logged }
}

export const attributeNamed = (name: string, type: 'S' | 'N' | 'B' = 'S'): KeyAttribute => ({ name, type })

export type TableOptions = {
  readonly replicas?: readonly RegionName[]
  readonly indexes?: Readonly<Record<string, Partial<IndexRegister>>>
  readonly more?: readonly RegisterEdit[]
}

export const tableEdits = (
  name: string,
  { replicas = [], indexes = {}, more = [] }: TableOptions = {},
): RegisterEdit[] => [
  {
    register: 'definition',
    value: {
      name,
      createdMs: startMs,
      key: { partition: [attributeNamed('pk')], sort: [attributeNamed('sk', 'N')] },
      attributes: [attributeNamed('pk'), attributeNamed('sk', 'N')],
    },
  },
  { register: 'local/status', value: { status: 'ACTIVE', sinceMs: startMs } },
  ...replicas.map((region) => ({ register: `replica/${region}`, value: { status: 'ACTIVE' } })),
  ...Object.entries(indexes).map(([index, register]) => ({ register: `index/${index}`, value: indexValue(register) })),
  ...more,
]

export const indexValue = (register: Partial<IndexRegister>): IndexRegister => ({
  id: 'one',
  kind: 'global',
  key: { partition: [attributeNamed('color')], sort: [] },
  projection: { type: 'ALL' },
  settings: {},
  ...register,
})

export async function makeTable(engine: Engine, name: string, options: TableOptions = {}): Promise<Table> {
  await engine.define(`id-${name}`, tableEdits(name, options))
  return engine.tableNamed(name) as Table
}

export const itemOf = (pk: string, sk: number, rest: Item = {}): Item => ({
  pk: { S: pk },
  sk: { N: String(sk) },
  ...rest,
})

export function put(table: Table, item: Item, condition?: Write['condition']): Write {
  return {
    kind: 'put',
    table: table.id,
    key: encodePrimaryKey(table.key, item),
    keyAttributes: keyAttributesOf(table.key, item),
    item,
    ...(condition === undefined ? {} : { condition }),
  }
}

export function del(table: Table, item: Item): Write {
  const keyAttributes = keyAttributesOf(table.key, item)
  return { kind: 'delete', table: table.id, key: encodePrimaryKey(table.key, item), keyAttributes }
}

export function itemAt(engine: Engine, table: Table, item: Item): Item | undefined {
  const row = engine.get(table, encodePrimaryKey(table.key, item))
  return row === undefined ? undefined : decodeItem(row.subarray(bodyOffset(row)))
}

/** Own changes of the engine's log after a position, as the publisher would send them. */
export function batchFrom(engine: Engine, after: number, upTo = engine.flushed()): RemoteBatch {
  const changes = engine
    .readLog(after, upTo - after, Infinity)
    .filter((change) => change.ownNumber > 0)
    .map(({ position, group, cause, table, ownNumber, key, row }) => ({
      position,
      group,
      kind: cause === 'table' ? ('register' as const) : ('item' as const),
      table,
      ownNumber,
      key,
      row,
    }))
  return { origin: engine.region.name, epoch: engine.epoch, after, upTo, changes }
}

/** Brings `to` up to date with `from`'s log. */
export async function replicate(from: Engine, to: Engine): Promise<void> {
  const origin = from.region.name
  if (to.cursor(origin) === undefined) await to.setCursor(origin, { epoch: from.epoch, position: 0, sequence: 0 })
  await to.apply(batchFrom(from, to.cursor(origin)?.position ?? 0), 0)
}
