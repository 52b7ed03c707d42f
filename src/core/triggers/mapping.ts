/** An event source mapping: which function is given which stream's records, and how. */
import type { Position } from '../change/change.ts'

/** All that CreateEventSourceMapping and UpdateEventSourceMapping say of how records are sent. */
export type MappingSettings = {
  readonly batchSize: number
  readonly batchingSeconds: number
  /** Batches of one shard that are under way together: ParallelizationFactor. */
  readonly lanes: number
  /** -1: without end. */
  readonly recordAgeSeconds: number
  /** -1: without end. */
  readonly retries: number
  readonly bisects: boolean
  readonly windowSeconds: number
  readonly reportsFailures: boolean
  /** Patterns as they were given (event-filter.ts). */
  readonly filters: readonly string[]
  /** The ARN that records are reported to that are not sent any more. */
  readonly onFailure?: string | undefined
}

export const usualSettings: MappingSettings = {
  batchSize: 100,
  batchingSeconds: 0,
  lanes: 1,
  recordAgeSeconds: -1,
  retries: -1,
  bisects: false,
  windowSeconds: 0,
  reportsFailures: false,
  filters: [],
}

export const startingPositions = ['TRIM_HORIZON', 'LATEST'] as const
export type StartingPosition = (typeof startingPositions)[number]

export type Mapping = {
  readonly uuid: string
  readonly functionName: string
  /** As the request named it: a version or an alias is part of it. */
  readonly functionArn: string
  readonly streamArn: string
  readonly startingPosition: StartingPosition
  readonly settings: MappingSettings
  readonly enabled: boolean
  readonly modifiedMs: number
  /** Positions of the region's log. LATEST begins behind this one. */
  readonly createdAfter: Position
}

/** A shard, and the part of the table's keys that it has: shards are followed by others of the same keys. */
export type ShardRange = { readonly id: string; readonly slice: number; readonly slices: number }

/** How far a shard has been sent; each lane has its own place. */
export type ShardProgress = { readonly lanes: readonly LaneProgress[] }
export type LaneProgress = { readonly after: Position; readonly window?: OpenWindow | undefined }

/** A tumbling window that is open, with what the function has made of it so far. */
export type OpenWindow = { readonly startMs: number; readonly state: string; readonly isTooLarge?: true }
