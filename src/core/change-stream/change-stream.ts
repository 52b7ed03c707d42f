/**
 * A change stream of a table, as its region keeps it. Its shards come in generations:
 *
 *   generation   1            2            3
 *   slice 0      ├─ shard ────┼─ shard ────┼─ shard ──▶     slices are ranges of the keys' hashes
 *   slice 1      ├─ shard ────┼─ shard ────┼─ shard ──▶
 *                after       upTo = after                    positions of the region's log
 *
 * All shards of a generation end together, in the batch in which those that follow them begin. A later generation may have more slices, a multiple of those
 * before, and never fewer: each shard has one parent, and a parent's keys are those of its children.
 */
import type { Position } from '../change/change.ts'
import { murmur3 } from '../key/partition-hash.ts'
import { streamSlicesMax } from '../limits/stream-limits.ts'
import type { KeySchema, TableId, TableSettings } from '../table/table.ts'
import { sequenceNumber } from './sequence-number.ts'

export const viewTypes = ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'] as const
export type ViewType = (typeof viewTypes)[number]

/** What tells a generation's shards from others. `idMs`: about when it began, and later than that of the one before. */
type Era = { readonly idMs: number; readonly slices: number; readonly tag: number }

export type Generation = Era & {
  readonly number: number
  readonly sinceMs: number
  /** Its records stand in the log behind this position, up to and with `upTo`. */
  readonly after: Position
  readonly upTo?: Position
  readonly untilMs?: number
  /** The generation before. */
  readonly before?: Era
}

export type ChangeStream = {
  /** Names its records in the store. */
  readonly number: number
  readonly table: TableId
  readonly tableNumber: number
  readonly tableName: string
  readonly label: string
  readonly viewType: ViewType
  /** No operation of streams tells of it: a Kinesis destination is fed from it. */
  readonly hidden?: true
  readonly key: KeySchema
  /** That the next generation is to have. */
  readonly slices: number
  readonly sinceMs: number
  /** Since when it is disabled. */
  readonly untilMs?: number
  readonly generations: readonly Generation[]
}

export type ShardPlace = { readonly generation: number; readonly slice: number }

export type Shard = ShardPlace & {
  readonly id: string
  readonly parentId?: string
  readonly after: Position
  readonly upTo?: Position
  readonly tag: number
  readonly starting: string
  readonly ending?: string
}

/** A moment of the region's log. */
export type Moment = { readonly atMs: number; readonly position: Position }

/** The one that takes records now; undefined where the stream takes none. */
export function openGeneration({ generations }: ChangeStream): Generation | undefined {
  const last = generations.at(-1)
  return last === undefined || last.upTo !== undefined ? undefined : last
}

/** The stream with a generation that begins at that moment; one that is open ends there. */
export function withNextGeneration(stream: ChangeStream, { atMs, position }: Moment, epoch: string): ChangeStream {
  const ended = withoutOpen(stream, { atMs, position })
  const last = ended.generations.at(-1)
  const number = (last?.number ?? 0) + 1
  const next: Generation = {
    number,
    slices: last === undefined ? stream.slices : last.slices * Math.max(1, Math.floor(stream.slices / last.slices)),
    sinceMs: atMs,
    idMs: Math.max(atMs, (last?.idMs ?? 0) + 1),
    tag: tagOf(`${epoch}/${stream.number}/${number}`),
    after: position,
    ...(last === undefined ? {} : { before: { idMs: last.idMs, slices: last.slices, tag: last.tag } }),
  }
  return { ...ended, generations: [...ended.generations, next] }
}

/** The stream, in which nothing takes records from that moment on. */
export function withoutOpen(stream: ChangeStream, { atMs, position }: Moment): ChangeStream {
  const open = openGeneration(stream)
  if (open === undefined) return stream
  const ended: Generation = { ...open, upTo: position, untilMs: Math.max(atMs, open.sinceMs) }
  return { ...stream, generations: [...stream.generations.slice(0, -1), ended] }
}

/** Slices are as many as partitions on AWS: 4 on demand, else what the throughput takes. */
export function slicesOf({ billingMode, provisioned }: TableSettings, given: number | undefined): number {
  const { readUnits = 0, writeUnits = 0 } = billingMode === 'PROVISIONED' ? (provisioned ?? {}) : {}
  const partitions = Math.max(1, Math.ceil(readUnits / 3000), Math.ceil(writeUnits / 1000))
  return Math.min(streamSlicesMax, given ?? (billingMode === 'PROVISIONED' ? partitions : onDemandSlices))
}

const onDemandSlices = 4

/** Of a primary key, whose first four bytes are the high half of its partition's hash. */
export function sliceOf(key: Buffer, slices: number): number {
  return Math.floor((key.readUInt32BE(0) * slices) / 2 ** 32)
}

/** In the order of their ids, which is that of their beginnings. */
export function shardsOf({ generations }: Pick<ChangeStream, 'generations'>): readonly Shard[] {
  return generations.flatMap((generation) =>
    Array.from({ length: generation.slices }, (_, slice) => shardOf(generation, slice)),
  )
}

/** Undefined for an id that the stream does not have, or has no more. */
export function shardWithId({ generations }: Pick<ChangeStream, 'generations'>, id: string): Shard | undefined {
  const slice = Number.parseInt(id.slice(-8, -4), 16)
  for (const generation of generations)
    if (slice < generation.slices && shardId(generation, slice) === id) return shardOf(generation, slice)
  return undefined
}

function shardOf(generation: Generation, slice: number): Shard {
  const { number, after, upTo, untilMs, before, sinceMs, slices, tag } = generation
  return {
    id: shardId(generation, slice),
    generation: number,
    slice,
    after,
    tag,
    starting: sequenceNumber({ atMs: sinceMs, position: after + 1 }),
    ...(before === undefined ? {} : { parentId: shardId(before, Math.floor((slice * before.slices) / slices)) }),
    ...(upTo === undefined ? {} : { upTo, ending: sequenceNumber({ atMs: untilMs ?? sinceMs, position: upTo }) }),
  }
}

function shardId({ idMs, tag }: Era, slice: number): string {
  return `shardId-${String(idMs).padStart(20, '0')}-${hex(slice, 4)}${hex(tag, 4)}`
}

/** 32 digits, unlike those of any other record of any region: `tag` tells apart what an older copy of a store wrote at the same place. */
export function eventId(region: number, { atMs, position, tag }: Moment & { readonly tag: number }): string {
  return `${hex(position, 12)}${hex(region, 4)}${hex(tag, 4)}${hex(atMs, 12)}`
}

function tagOf(text: string): number {
  const bytes = Buffer.from(text)
  return murmur3(bytes, 0, bytes.length, 0) & 0xffff
}

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0')
