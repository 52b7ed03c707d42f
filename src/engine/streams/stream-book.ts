/**
 * The change streams of a region's tables: which there are, and their shards. A stream follows from the table's registers, in the batch that changes them: it takes records
 * from when the table has one and this region serves it, until one of the two ends. The streams stay when their tables go, until their time is over.
 *
 * Twice, as the catalog is: as decided, which says what a write puts into a stream, and as durable, which is what readers see.
 */
import {
  type ChangeStream,
  type Generation,
  type Moment,
  openGeneration,
  sliceOf,
  slicesOf,
  type ViewType,
  viewTypes,
  withNextGeneration,
  withoutOpen,
} from '../../core/change-stream/change-stream.ts'
import type { Position } from '../../core/change/change.ts'
import { streamGenerationsMax } from '../../core/limits/stream-limits.ts'
import { ownLabel } from '../../core/table/table-identity.ts'
import { isFed, isGoing, type Table, type TableId } from '../../core/table/table.ts'
import type { Store } from '../../ports/store.ts'
import type { DecisionTime } from '../order/decision-time.ts'
import type { Group, Groups } from '../commands/flush-group.ts'
import type { Head } from '../log/head.ts'
import { allStreams, streamKey, streamRecordKey } from '../store/keys.ts'

type Deps = {
  readonly groups: Groups
  readonly head: Head
  readonly time: DecisionTime
  readonly lineage: { readonly epoch: string }
  readonly region: string
  /** Shards of every stream; by the tables' capacity where not given. */
  readonly shards: number | undefined
}

/** A stream that takes records. */
export type OpenStream = { readonly stream: ChangeStream; readonly generation: Generation }

export class StreamBook {
  readonly #deps: Deps
  #durable = new Map<number, ChangeStream>()
  #listed: readonly ChangeStream[] | undefined
  #decided = new Map<number, ChangeStream>()
  /** Of each table that has one, the stream that is not disabled, and its hidden one; as decided. */
  readonly #ofTables: Readonly<Record<Kind, Map<TableId, number>>> = { shown: new Map(), hidden: new Map() }
  readonly #open = new Map<TableId, readonly OpenStream[]>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  load(store: Pick<Store, 'entries'>): void {
    const streams = [...store.entries(allStreams)].map(({ value }) => JSON.parse(value.toString()) as ChangeStream)
    this.#durable = new Map(streams.map((stream) => [stream.number, stream]))
    this.#listed = undefined
    this.revert()
  }

  /** The store has refused what is under way. */
  revert(): void {
    this.#decided = new Map()
    for (const kind of kinds) this.#ofTables[kind].clear()
    this.#open.clear()
    for (const stream of this.#durable.values()) this.#decide(stream)
  }

  /** Those that can be read, disabled ones too, in the order in which they began; the same array until one of them changes. */
  get durable(): readonly ChangeStream[] {
    this.#listed ??= [...this.#durable.values()]
    return this.#listed
  }

  /** What takes the records of the table now. */
  openOf({ id, settings, kinesis }: Table): readonly OpenStream[] {
    return settings.stream?.enabled === true || kinesis !== undefined ? (this.#open.get(id) ?? noStreams) : noStreams
  }

  /** The change at the position is a record of the stream. */
  add(group: Group, { stream, generation }: OpenStream, key: Buffer, position: Position): void {
    const place = { generation: generation.number, slice: sliceOf(key, generation.slices) }
    this.#deps.groups.append(group, streamRecordKey(stream.number, place, position), none)
  }

  /** The table's registers have changed, or it is gone. */
  follow(group: Group, id: TableId, table: Table | undefined): void {
    for (const kind of kinds) this.#follow(group, id, { kind, table })
  }

  #follow(group: Group, id: TableId, { kind, table }: Following): void {
    const wanted = table === undefined ? undefined : this.#wantedOf(table, kind)
    const before = this.#streamOf(id, kind)
    if (before === undefined && wanted === undefined) return
    const moment = this.#now()
    if (before !== undefined && before.label !== wanted?.label)
      this.#put(group, { ...withoutOpen(before, moment), untilMs: moment.atMs })
    if (wanted === undefined) return
    const known = this.#streamOf(id, kind)
    const stream = known === undefined ? this.#newStream(wanted, moment) : { ...known, slices: wanted.slices }
    const isOpen = openGeneration(stream) !== undefined
    if (isOpen !== wanted.isServed) {
      if (isOpen) this.#put(group, withoutOpen(stream, moment))
      else this.#begin(group, stream, moment)
    } else if (known !== undefined && known.slices !== stream.slices) this.#put(group, stream)
  }

  /** A replica becomes a table of its own: it keeps its stream. */
  move(group: Group, from: TableId, to: TableId): void {
    const streams = kinds.flatMap((kind) => this.#streamOf(from, kind) ?? [])
    for (const kind of kinds) this.#ofTables[kind].delete(from)
    this.#open.delete(from)
    for (const stream of streams) this.#put(group, { ...stream, table: to })
  }

  /** The shards that are open end, and their children begin. */
  roll(group: Group, number: number, epoch = this.#deps.lineage.epoch): void {
    const stream = this.#decided.get(number)
    if (stream !== undefined && openGeneration(stream) !== undefined) this.#begin(group, stream, this.#now(), epoch)
  }

  /** The log goes on under another epoch. */
  rollAll(group: Group, epoch: string): void {
    for (const { number } of this.#decided.values()) this.roll(group, number, epoch)
  }

  /** Takes generations out of which no record can be read any more; a stream that has none left, and is disabled, goes. */
  expire(group: Group, number: number, isOver: (generation: Generation) => boolean): void {
    const stream = this.#decided.get(number)
    if (stream === undefined) return
    const generations = stream.generations.filter((each) => each.upTo === undefined || !isOver(each))
    if (generations.length === 0 && stream.untilMs !== undefined) this.#remove(group, number)
    else if (generations.length < stream.generations.length) this.#put(group, { ...stream, generations })
  }

  #begin(group: Group, stream: ChangeStream, moment: Moment, epoch = this.#deps.lineage.epoch): void {
    const next = withNextGeneration(stream, moment, epoch)
    this.#put(group, { ...next, generations: next.generations.slice(-2 * streamGenerationsMax) })
  }

  #newStream(wanted: Wanted, { atMs }: Moment): ChangeStream {
    const number = Math.max(0, ...this.#decided.keys()) + 1
    const { isServed: _, ...stream } = wanted
    return { ...stream, number, sinceMs: atMs, generations: [] }
  }

  #wantedOf(table: Table, kind: Kind): Wanted | undefined {
    const { settings, replicas } = table
    const told = kind === 'shown' ? shownOf(table) : hiddenOf(table)
    if (told === undefined || isGoing(table)) return undefined
    const own = replicas.find(({ region }) => region === this.#deps.region)
    return {
      table: table.id,
      tableNumber: table.number,
      tableName: table.name,
      ...told,
      key: table.key,
      slices: slicesOf(settings, this.#deps.shards),
      isServed: own?.status !== 'CREATING',
    }
  }

  #streamOf(id: TableId, kind: Kind): ChangeStream | undefined {
    const number = this.#ofTables[kind].get(id)
    return number === undefined ? undefined : this.#decided.get(number)
  }

  #now(): Moment {
    const { head, time } = this.#deps
    head.follow(time.wallMs())
    return { atMs: head.clock.wallMs, position: head.position }
  }

  #put(group: Group, stream: ChangeStream): void {
    const { number } = stream
    this.#decide(stream)
    this.#deps.groups.put(group, streamKey(number), Buffer.from(JSON.stringify(stream)))
    group.effects.push(() => this.#publish(number, stream))
  }

  #remove(group: Group, number: number): void {
    this.#decided.delete(number)
    this.#deps.groups.put(group, streamKey(number), undefined)
    group.effects.push(() => this.#publish(number, undefined))
  }

  #publish(number: number, stream: ChangeStream | undefined): void {
    this.#listed = undefined
    if (stream === undefined) this.#durable.delete(number)
    else this.#durable.set(number, stream)
  }

  #decide(stream: ChangeStream): void {
    const { number, table, untilMs } = stream
    this.#decided.set(number, stream)
    const generation = openGeneration(stream)
    const ofTables = this.#ofTables[stream.hidden === true ? 'hidden' : 'shown']
    if (untilMs === undefined) ofTables.set(table, number)
    else if (ofTables.get(table) === number) ofTables.delete(table)
    const before = this.#open.get(table) ?? noStreams
    const others = before.filter((open) => open.stream.number !== number)
    if (generation !== undefined) this.#open.set(table, [...others, { stream, generation }])
    else if (others.length === 0) this.#open.delete(table)
    else if (others.length < before.length) this.#open.set(table, others)
  }
}

/** A table has one stream that is shown at most, and one that a Kinesis destination is fed from. */
type Kind = 'shown' | 'hidden'
const kinds = ['shown', 'hidden'] as const
const noStreams: readonly OpenStream[] = []
type Following = { readonly kind: Kind; readonly table: Table | undefined }
type Told = Pick<ChangeStream, 'label' | 'viewType' | 'hidden'>

function shownOf({ settings: { stream }, identity }: Table): Told | undefined {
  if (stream?.enabled !== true) return undefined
  return { label: ownLabel(stream.label, identity), viewType: viewTypeOf(stream.viewType) }
}

function hiddenOf({ kinesis }: Table): Told | undefined {
  return isFed(kinesis) ? { label: kinesis.label, viewType: 'NEW_AND_OLD_IMAGES', hidden: true } : undefined
}

type Wanted = Omit<ChangeStream, 'number' | 'sinceMs' | 'untilMs' | 'generations'> & { readonly isServed: boolean }

/** A word that no version of ours has written stands for all that there is. */
function viewTypeOf(text: string): ViewType {
  return viewTypes.find((type) => type === text) ?? 'NEW_AND_OLD_IMAGES'
}

const none = Buffer.alloc(0)
