/**
 * Whether there is capacity for a request: before it runs, each table, index and key that it touches is asked (core/capacity); when it has run, what it has
 * consumed is taken from them. So a request passes while anything is left, and the ones after it pay. What a region counts is its own, and starts full.
 */
import { unreachable } from '../../core/assert.ts'
import type { AttributeValue, Item } from '../../core/attribute/value.ts'
import type { Direction } from '../../core/capacity/direction.ts'
import { type Asked, type Cause, ResourceCapacity, type Settings } from '../../core/capacity/resource.ts'
import { reasonOf, type Throttled, throttledError } from '../../core/capacity/throttled.ts'
import { countedTablesMax } from '../../core/limits/capacity-limits.ts'
import { keyValueOf } from '../../core/key/key-bytes.ts'
import { hashOfText } from '../../core/key/partition-hash.ts'
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

/** What follows from a table as it is set, for all of its requests. */
type Counted = {
  readonly table: Table
  readonly mode: CapacityMode
  readonly own: Resource
  /** Whether writes may change global indexes, which have capacity of their own. */
  readonly changesIndexes: boolean
  readonly indexes: Map<string, Resource>
}

export class Admission {
  readonly #context: OperationContext
  readonly #settings: CapacitySettings
  readonly #capacities = new Map<TableId, Map<string, ResourceCapacity>>()
  /** A table that changes is another object. */
  readonly #counted = new WeakMap<Table, Counted | 'off'>()
  /** Most requests are for the same table as the one before. */
  #last: Counted | undefined

  constructor(context: OperationContext, settings: CapacitySettings) {
    this.#context = context
    this.#settings = settings
  }

  /** Undefined where no capacity is counted. */
  admit(touches: readonly Touch[], nowMs: number): Admitted | undefined {
    const only = touches.length === 1 ? touches[0] : undefined
    if (only !== undefined) return this.#admitOne(only, nowMs)
    const asked = touches.map((touch) => this.#askedOf(touch))
    if (asked.every((each) => each === undefined)) return undefined
    const ahead = new Map<ResourceCapacity, number>()
    const refusals = asked.map((each) => (each === undefined ? [undefined] : this.#refusals(each, ahead, nowMs)))
    return { refusals, charge: (spent, endMs) => this.chargeAll(spent, asked, endMs) }
  }

  /** Most requests are for one key, and nothing is ahead of that. */
  #admitOne(touch: Touch, nowMs: number): Admitted | undefined {
    const counted = this.#countedOf(touch.table)
    if (counted === undefined) return undefined
    const one = this.#ofOneKey(counted, touch)
    if (one !== undefined && counted.own.capacity.refusal(one, nowMs) === undefined) return one
    const asked = [this.#askedIn(counted, touch)]
    const refusals = asked.map((each) => this.#refusals(each, new Map(), nowMs))
    return { refusals, charge: (spent, endMs) => this.chargeAll(spent, asked, endMs) }
  }

  #ofOneKey(counted: Counted, touch: Touch): AdmittedKey | undefined {
    const direction = directionOf(touch)
    if (touch.index !== undefined || (direction === 'write' && counted.changesIndexes)) return undefined
    const schema = counted.table.key
    const keys = touch.keysOf?.(schema)
    if (keys?.length !== 1) return undefined
    const hash = hashOf(schema, keys[0] as Item)
    return hash === undefined ? undefined : new AdmittedKey(this, counted, direction, hash)
  }

  #askedOf(touch: Touch): AskedTable | undefined {
    const counted = this.#countedOf(touch.table)
    return counted && this.#askedIn(counted, touch)
  }

  #askedIn(counted: Counted, touch: Touch): AskedTable {
    const { table } = counted
    const direction = directionOf(touch)
    const index = touch.index === undefined ? undefined : table.indexes.find(({ name }) => name === touch.index)
    // Local indexes are of the table’s own partitions and throughput.
    const resource = index?.kind === 'global' ? this.#resourceOf(counted, index) : counted.own
    const schema = index?.kind === 'global' ? index.key : table.key
    const hashes = touch.keysOf?.(schema).map((item) => hashOf(schema, item)) ?? [undefined]
    const changes = direction === 'write' && counted.changesIndexes
    // A write that is short of capacity for one of the indexes that it may change is refused.
    const others = changes ? changedIndexes(table, touch).map((each) => this.#resourceOf(counted, each)) : []
    return { counted, direction, resource, others, hashes }
  }

  #refusals({ counted, direction, resource, others, hashes }: AskedTable, ahead: Ahead, nowMs: number) {
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
      const { table, mode } = counted
      this.#context.env.meter.count('longitude_throttled_requests_total', { table: table.name, index, reason })
      return mode === 'enforce' ? throttledError(throttled) : undefined
    })
  }

  #refusal(
    { capacity, settings, of, arn }: Resource,
    asked: { readonly direction: Direction; readonly hashes: readonly number[] },
    ahead: Ahead,
    nowMs: number,
  ): Throttled | undefined {
    const cause: Cause | undefined = capacity.refusal({ settings, ...asked, ahead: ahead.get(capacity) ?? 0 }, nowMs)
    return cause && { cause, of, direction: asked.direction, mode: settings.mode, resource: arn }
  }

  /** Of a request for several keys, tables or indexes. */
  chargeAll(spent: Spent, asked: readonly (AskedPart | undefined)[], nowMs: number): void {
    const debit = ({ capacity, settings }: Resource, direction: Direction, units: number): void => {
      const own = asked.flatMap((each) => (each?.resource.capacity === capacity ? each.hashes : []))
      capacity.debit({ settings, direction, hashes: own.filter((hash) => hash !== undefined) }, units, nowMs)
    }
    for (const { table: name, direction, capacity } of spent.uses()) {
      const counted = this.#countedOf(name)
      if (counted === undefined) continue
      let ofTable = capacity.table
      for (const { index, units } of capacity.indexes) {
        const known = counted.table.indexes.find(({ name: each }) => each === index.name)
        if (index.kind === 'local') ofTable += units
        else if (known !== undefined) debit(this.#resourceOf(counted, known), direction, units)
      }
      debit(counted.own, direction, ofTable)
    }
  }

  #countedOf(nameOrArn: string | undefined): Counted | undefined {
    const table = this.#tableOf(nameOrArn)
    if (table === undefined) return undefined
    if (this.#last?.table === table) return this.#last
    let counted = this.#counted.get(table)
    if (counted === undefined) this.#counted.set(table, (counted = this.#madeCounted(table)))
    return counted === 'off' ? undefined : (this.#last = counted)
  }

  #madeCounted(table: Table): Counted | 'off' {
    const { mode: general, ofTables = {} } = this.#settings
    const mode = Object.hasOwn(ofTables, table.name) ? (ofTables[table.name] ?? general) : general
    if (mode === 'off') return 'off'
    const changesIndexes = table.indexes.some(({ kind }) => kind === 'global')
    return { table, mode, own: this.#madeResource(table, undefined), changesIndexes, indexes: new Map() }
  }

  #resourceOf({ table, indexes }: Counted, index: Index): Resource {
    let resource = indexes.get(index.name)
    if (resource === undefined) indexes.set(index.name, (resource = this.#madeResource(table, index)))
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

type Ahead = Map<ResourceCapacity, number>

/** The part of a request that is about one table or index. */
type AskedPart = {
  readonly resource: Resource
  /** Of the keys; one that is missing or wrong has none. */
  readonly hashes: readonly (number | undefined)[]
}

type AskedTable = AskedPart & {
  readonly counted: Counted
  readonly direction: Direction
  readonly others: readonly Resource[]
}

const noRefusal: Admitted['refusals'] = [[undefined]]

/** A request for one key of a table that there is capacity for. It is all that such a request leaves behind, so it is what capacity is asked for, too. */
class AdmittedKey implements Admitted, AskedPart, Asked {
  readonly #admission: Admission
  readonly #table: string
  readonly resource: Resource
  readonly settings: Settings
  readonly direction: Direction
  readonly hashes: readonly number[]

  constructor(admission: Admission, { table, own }: Counted, direction: Direction, hash: number) {
    this.#admission = admission
    this.#table = table.name
    this.resource = own
    this.settings = own.settings
    this.direction = direction
    this.hashes = [hash]
  }

  get refusals(): Admitted['refusals'] {
    return noRefusal
  }

  charge(spent: Spent, nowMs: number): void {
    const units = spent.unitsOnlyOf(this.#table, this.direction)
    if (units === undefined) this.#admission.chargeAll(spent, [this], nowMs)
    else this.resource.capacity.debit(this, units, nowMs)
  }
}

/** What an item of a request takes at least, before it is known. */
const leastUnits: Readonly<Record<Direction, number>> = { read: 0.5, write: 1 }

function capacityOf({ provisioned, onDemand, warm }: IndexSettings, billingMode: Settings['mode']): Settings {
  if (billingMode === 'PROVISIONED') return { mode: billingMode, units: provisioned ?? { readUnits: 1, writeUnits: 1 } }
  return { mode: billingMode, ...onDemand, warm }
}

/** Undefined for an item that has no such key. */
function hashOf({ partition }: KeySchema, item: Item): number | undefined {
  let hash = hashSeed
  for (const attribute of partition) {
    const value = keyValueOf(item, attribute)
    if (value === undefined) return undefined
    hash = hashOfText(keyTextOf(value), hash)
  }
  return hash >>> 0
}

/** Equal values are equal texts. */
function keyTextOf(value: AttributeValue): string {
  if ('S' in value) return value.S
  if ('N' in value) return value.N
  if ('B' in value) return value.B
  return unreachable(value as never)
}

const hashSeed = 0x51ed270b
