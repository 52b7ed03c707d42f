/**
 * Whether there is capacity for a request: before it runs, each table, index and key that it touches is asked (core/capacity); when it has run, what it has
 * consumed is taken from them. So a request passes while anything is left, and the ones after it pay. What a region counts is its own, and starts full.
 */
import type { Item } from '../../core/attribute/value.ts'
import type { Direction } from '../../core/capacity/direction.ts'
import { type Cause, ResourceCapacity, type Settings } from '../../core/capacity/resource.ts'
import { reasonOf, type Throttled, throttledError } from '../../core/capacity/throttled.ts'
import { countedTablesMax } from '../../core/limits/capacity-limits.ts'
import { delimitedKeyBytes, keyValueOf } from '../../core/key/key-bytes.ts'
import { murmur3 } from '../../core/key/partition-hash.ts'
import type { Index, IndexSettings, KeySchema, Table, TableId } from '../../core/table/table.ts'
import { indexArn, tableArn, tableNameOf } from '../arns.ts'
import type { OperationContext } from '../operation.ts'
import type { Spent } from '../spent.ts'
import { indexSettingsAt, settingsAt } from '../tables/replica-overrides.ts'
import type { Touch } from '../touch.ts'
import type { Admitted } from './admitted.ts'
import { changedIndexes, directionOf } from './touched.ts'

/** `observe`: nothing is refused, and what would be is counted. */
export type CapacityMode = 'off' | 'observe' | 'enforce'

export type CapacitySettings = {
  readonly mode: CapacityMode
  /** Of single tables, by their names. */
  readonly ofTables?: Readonly<Record<string, CapacityMode>>
}

/** Whether the capacity of any table is counted. */
export const isCounted = (settings: CapacitySettings | undefined): boolean =>
  settings !== undefined && [settings.mode, ...Object.values(settings.ofTables ?? {})].some((mode) => mode !== 'off')

/** A table or an index with its capacity. */
type Resource = {
  readonly capacity: ResourceCapacity
  readonly settings: Settings
  readonly of: Throttled['of']
  readonly name: string
  readonly arn: string
}

export class Admission {
  readonly #context: OperationContext
  readonly #settings: CapacitySettings
  readonly #capacities = new Map<TableId, Map<string, ResourceCapacity>>()
  /** What follows from a table as it is set: a table that changes is another object. */
  readonly #resources = new WeakMap<Table, Map<string, Resource>>()

  constructor(context: OperationContext, settings: CapacitySettings) {
    this.#context = context
    this.#settings = settings
  }

  /** Undefined where no capacity is counted. */
  admit(touches: readonly Touch[]): Admitted | undefined {
    const nowMs = this.#context.env.clock.monotonicMs()
    const [only] = touches
    if (touches.length === 1 && only !== undefined) return this.#admitOne(this.#askedOf(only), nowMs)
    const asked = touches.map((touch) => this.#askedOf(touch))
    if (asked.every((each) => each === undefined)) return undefined
    const ahead = new Map<ResourceCapacity, number>()
    const refusals = asked.map((each) => (each === undefined ? [undefined] : this.#refusals(each, ahead, nowMs)))
    return { refusals, charge: (spent) => this.#charge(spent, asked) }
  }

  /** Most requests are for one key, and nothing is ahead of that. */
  #admitOne(asked: AskedTable | undefined, nowMs: number): Admitted | undefined {
    if (asked === undefined) return undefined
    const refusals =
      asked.hashes.length === 1 && asked.others.length === 0 && this.#isFree(asked, nowMs)
        ? noRefusal
        : [this.#refusals(asked, new Map(), nowMs)]
    return { refusals, charge: (spent) => this.#chargeOne(spent, asked) }
  }

  #isFree({ resource: { capacity, settings }, direction, known: hashes }: AskedTable, nowMs: number): boolean {
    return capacity.refusal({ settings, direction, hashes }, nowMs) === undefined
  }

  #chargeOne(spent: Spent, asked: AskedTable): void {
    const use = spent.only
    if (use === undefined || use.table !== asked.table.name || use.direction !== asked.direction)
      return this.#charge(spent, [asked])
    const { resource, direction, known: hashes } = asked
    if (resource.of === 'Index') return this.#charge(spent, [asked])
    const { capacity, settings } = resource
    capacity.debit({ settings, direction, hashes }, use.units, this.#context.env.clock.monotonicMs())
  }

  #askedOf(touch: Touch): AskedTable | undefined {
    const table = this.#tableOf(touch.table)
    if (table === undefined || this.#modeOf(table) === 'off') return undefined
    const direction = directionOf(touch)
    const index = touch.index === undefined ? undefined : table.indexes.find(({ name }) => name === touch.index)
    // Local indexes are of the table’s own partitions and throughput.
    const resource = this.#resourceOf(table, index?.kind === 'global' ? index : undefined)
    const schema = index?.kind === 'global' ? index.key : table.key
    const hashes = touch.keysOf?.(schema).map((item) => hashOf(schema, item)) ?? [undefined]
    const others = direction === 'write' && table.indexes.length > 0 ? this.#indexesOf(table, touch) : []
    return { table, direction, resource, others, hashes, known: hashes.filter((hash) => hash !== undefined) }
  }

  #refusals(
    { table, direction, resource, others, hashes }: AskedTable,
    ahead: Map<ResourceCapacity, number>,
    nowMs: number,
  ) {
    const mode = this.#modeOf(table)
    return hashes.map((hash) => {
      const own = hash === undefined ? [] : [hash]
      const throttled =
        this.#refusal(resource, { direction, hashes: own }, ahead, nowMs) ??
        others
          .map((other) => this.#refusal(other, { direction, hashes: [] }, ahead, nowMs))
          .find((each) => each !== undefined)
      if (throttled === undefined) {
        for (const { capacity } of [resource, ...others])
          ahead.set(capacity, (ahead.get(capacity) ?? 0) + leastUnits[direction])
        return undefined
      }
      const reason = reasonOf(throttled)
      const index = throttled.of === 'Index' ? indexNameOf(throttled.resource) : ''
      this.#context.env.meter.count('longitude_throttled_requests_total', { table: table.name, index, reason })
      return mode === 'enforce' ? throttledError(throttled) : undefined
    })
  }

  #refusal(
    { capacity, settings, of, arn }: Resource,
    asked: { readonly direction: Direction; readonly hashes: readonly number[] },
    ahead: ReadonlyMap<ResourceCapacity, number>,
    nowMs: number,
  ): Throttled | undefined {
    const cause: Cause | undefined = capacity.refusal({ settings, ...asked, ahead: ahead.get(capacity) ?? 0 }, nowMs)
    return cause && { cause, of, direction: asked.direction, mode: settings.mode, resource: arn }
  }

  #charge(spent: Spent, asked: readonly (AskedTable | undefined)[]): void {
    const nowMs = this.#context.env.clock.monotonicMs()
    const debit = ({ capacity, settings }: Resource, direction: Direction, units: number): void => {
      const own = asked.flatMap((each) => (each?.resource.capacity === capacity ? each.hashes : []))
      capacity.debit({ settings, direction, hashes: own.filter((hash) => hash !== undefined) }, units, nowMs)
    }
    for (const { table: name, direction, capacity } of spent.uses()) {
      const table = this.#tableOf(name)
      if (table === undefined || this.#modeOf(table) === 'off') continue
      let ofTable = capacity.table
      for (const { index, units } of capacity.indexes) {
        const known = table.indexes.find(({ name: each }) => each === index.name)
        if (index.kind === 'local') ofTable += units
        else if (known !== undefined) debit(this.#resourceOf(table, known), direction, units)
      }
      debit(this.#resourceOf(table, undefined), direction, ofTable)
    }
  }

  /** A write that is short of capacity for one of the indexes that it may change is refused. */
  #indexesOf(table: Table, touch: Touch): readonly Resource[] {
    return changedIndexes(table, touch).map((index) => this.#resourceOf(table, index))
  }

  #resourceOf(table: Table, index: Index | undefined): Resource {
    const name = index?.name ?? ''
    let ofTable = this.#resources.get(table)
    if (ofTable === undefined) this.#resources.set(table, (ofTable = new Map()))
    let resource = ofTable.get(name)
    if (resource === undefined) ofTable.set(name, (resource = this.#madeResource(table, index)))
    return resource
  }

  #madeResource(table: Table, index: Index | undefined): Resource {
    const place = this.#context.settings
    const replica = table.replicas.find(({ region }) => region === place.region)
    const { billingMode } = table.settings
    const name = index?.name ?? ''
    const settings =
      index === undefined
        ? capacityOf(settingsAt(table.settings, replica), billingMode)
        : capacityOf(indexSettingsAt(index.name, index.settings, replica), billingMode)
    const capacity = this.#capacityOf(table, name, settings)
    if (index === undefined) return { capacity, settings, of: 'Table', name, arn: tableArn(place, table.name) }
    return { capacity, settings, of: 'Index', name, arn: indexArn(place, table.name, index.name) }
  }

  #capacityOf({ id, indexes }: Table, name: string, settings: Settings): ResourceCapacity {
    let ofTable = this.#capacities.get(id)
    if (ofTable === undefined) {
      if (this.#capacities.size >= countedTablesMax) this.#forgetTablesGone()
      ofTable = new Map()
      this.#capacities.set(id, ofTable)
    }
    const known = ofTable.get(name)
    if (known !== undefined) return known
    // Former indexes are forgotten, so a table has no more than its indexes and itself.
    for (const former of ofTable.keys())
      if (former !== '' && !indexes.some((index) => index.name === former)) ofTable.delete(former)
    const made = new ResourceCapacity(settings, this.#context.env.clock.monotonicMs())
    ofTable.set(name, made)
    return made
  }

  #forgetTablesGone(): void {
    for (const id of this.#capacities.keys())
      if (this.#context.engine.tableWithId(id) === undefined) this.#capacities.delete(id)
  }

  #modeOf({ name }: Table): CapacityMode {
    const { mode, ofTables = {} } = this.#settings
    return Object.hasOwn(ofTables, name) ? (ofTables[name] ?? mode) : mode
  }

  /** What is no table, or not here, is told by the run. */
  #tableOf(nameOrArn: string | undefined): Table | undefined {
    try {
      return this.#context.engine.tableNamed(tableNameOf(this.#context.settings, nameOrArn ?? ''))
    } catch {
      return undefined
    }
  }
}

const indexNameOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)

type AskedTable = {
  readonly table: Table
  readonly direction: Direction
  readonly resource: Resource
  readonly others: readonly Resource[]
  /** Of the keys; one that is missing or wrong has none. */
  readonly hashes: readonly (number | undefined)[]
  readonly known: readonly number[]
}

const noRefusal: Admitted['refusals'] = [[undefined]]

/** What an item of a request takes at least, before it is known. */
const leastUnits: Readonly<Record<Direction, number>> = { read: 0.5, write: 1 }

function capacityOf({ provisioned, onDemand, warm }: IndexSettings, billingMode: Settings['mode']): Settings {
  if (billingMode === 'PROVISIONED') return { mode: billingMode, units: provisioned ?? { readUnits: 1, writeUnits: 1 } }
  return { mode: billingMode, ...onDemand, warm }
}

/** Undefined for an item that has no such key. */
function hashOf({ partition }: KeySchema, item: Item): number | undefined {
  const parts: Buffer[] = []
  for (const attribute of partition) {
    const value = keyValueOf(item, attribute)
    if (value === undefined) return undefined
    parts.push(delimitedKeyBytes(value))
  }
  const [only] = parts
  const bytes = only !== undefined && parts.length === 1 ? only : Buffer.concat(parts)
  return murmur3(bytes, 0, bytes.length, hashSeed) >>> 0
}

const hashSeed = 0x51ed270b
