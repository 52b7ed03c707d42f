/**
 * One lane of a shard: what of its records is sent next, and what becomes of a batch that was answered. Each item's records are in one lane, and a lane has one batch under way.
 *
 *   after ──▶ │ piece (failed twice) │ piece (not tried) │ … not gathered yet
 *              next batch              then this one
 *
 * A lane is positions and counts alone: records are read again for each attempt, so a lane that waits holds no memory. Everything up to `after` is done: handled, dropped or
 * filtered out.
 */
import type { Position } from '../change/change.ts'
import { assert } from '../assert.ts'
import { triggerWindowGraceMs } from '../limits/trigger-limits.ts'
import type { Verdict, WindowState } from './function-response.ts'
import type { LaneProgress, MappingSettings, OpenWindow } from './mapping.ts'

/** A part of a batch that has failed, up to and with a position; it is sent by itself. */
export type Piece = { readonly upTo: Position; readonly failures: number }

export type Lane = LaneProgress & {
  readonly pieces: readonly Piece[]
  /** Since when records wait for the batch to become full. */
  readonly sinceMs?: number | undefined
}

export type LaneRecord = { readonly position: Position; readonly atMs: number }

/** The records of the lane behind `after` that pass the filters, up to the end of the first piece where there is one. */
export type Gathered = {
  readonly records: readonly LaneRecord[]
  /** No record up to there is left out. */
  readonly upTo: Position
  /** There may be more at once: a bound of the batch ended it. */
  readonly isFull: boolean
  /** The shard has ended, and nothing of it is left out. */
  readonly isEnd: boolean
}

/** A batch: records in (after, upTo], the first `count` of what was gathered. */
export type Sending = Piece & { readonly count: number; readonly window?: SentWindow | undefined }
export type SentWindow = OpenWindow & { readonly isFinal: boolean; readonly isEarly: boolean }
export type DropReason = 'RecordAgeExceeded' | 'RetryAttemptsExhausted'

export type Decision =
  | ({ readonly kind: 'send' } & Sending)
  | ({ readonly kind: 'drop'; readonly reason: DropReason } & Sending)
  /** Nothing up to there is to be sent. */
  | { readonly kind: 'pass'; readonly upTo: Position }
  /** For more records, or until that time. */
  | { readonly kind: 'wait'; readonly untilMs?: number; readonly sinceMs?: number }

export function laneFrom({ after, window }: LaneProgress): Lane {
  return { after, window, pieces: [] }
}

export function decide(lane: Lane, gathered: Gathered, settings: MappingSettings, nowMs: number): Decision {
  const { records } = gathered
  const [piece] = lane.pieces
  const failures = piece?.failures ?? 0
  const upToOf = (count: number): Position => (count < records.length ? before(records, count) : gathered.upTo)
  if (settings.retries >= 0 && failures > settings.retries && records.length > 0)
    return { kind: 'drop', reason: 'RetryAttemptsExhausted', count: records.length, upTo: gathered.upTo, failures }
  const old = settings.recordAgeSeconds < 0 ? 0 : countOfOld(records, nowMs - settings.recordAgeSeconds * 1000)
  if (old > 0) return { kind: 'drop', reason: 'RecordAgeExceeded', count: old, upTo: upToOf(old), failures }
  if (settings.windowSeconds > 0 || lane.window !== undefined) {
    const ended = finalOf(lane, gathered, settings, nowMs)
    if (ended !== undefined) return ended
  }
  const [first] = records
  if (first === undefined) return withoutRecords(lane, gathered, settings)
  const window = settings.windowSeconds > 0 ? windowAt(lane, first, settings) : undefined
  const count = window === undefined ? records.length : countWithin(records, window, settings)
  const isCut = count < records.length || gathered.isFull || gathered.isEnd
  const closesMs = window === undefined ? Infinity : closedMs(window, settings)
  const untilMs = Math.min(closesMs, (lane.sinceMs ?? nowMs) + settings.batchingSeconds * 1000)
  if (piece === undefined && !isCut && nowMs < untilMs) return { kind: 'wait', untilMs, sinceMs: lane.sinceMs ?? nowMs }
  return { kind: 'send', count, upTo: upToOf(count), failures, ...(window === undefined ? {} : { window }) }
}

function countOfOld(records: readonly LaneRecord[], beforeMs: number): number {
  const place = records.findIndex(({ atMs }) => atMs >= beforeMs)
  return place < 0 ? records.length : place
}

function withoutRecords(lane: Lane, gathered: Gathered, settings: MappingSettings): Decision {
  const { upTo } = gathered
  if (upTo > lane.after) return { kind: 'pass', upTo }
  return { kind: 'wait', ...(lane.window === undefined ? {} : { untilMs: closedMs(lane.window, settings) }) }
}

/** The last invocation of a window: one of no records, once nothing of the window can come any more. */
function finalOf(lane: Lane, gathered: Gathered, settings: MappingSettings, nowMs: number): Decision | undefined {
  const { window } = lane
  if (window === undefined) return undefined
  const [first] = gathered.records
  const endMs = endOf(window, settings)
  // Of a piece that is sent by itself, nothing more says what follows it.
  const isAll = first === undefined && !gathered.isFull && lane.pieces.length === 0
  const isOver = first === undefined ? isAll && nowMs >= closedMs(window, settings) : first.atMs >= endMs
  const isEarly = !isOver && (window.isTooLarge === true || (isAll && gathered.isEnd))
  if (!isOver && !isEarly) return undefined
  const upTo = lane.after
  return { kind: 'send', count: 0, upTo, failures: 0, window: { ...window, isFinal: true, isEarly } }
}

const endOf = ({ startMs }: OpenWindow, { windowSeconds }: MappingSettings): number => startMs + windowSeconds * 1000
const closedMs = (window: OpenWindow, settings: MappingSettings): number =>
  endOf(window, settings) + triggerWindowGraceMs

function windowAt({ window }: Lane, first: LaneRecord, { windowSeconds }: MappingSettings): SentWindow {
  const lengthMs = windowSeconds * 1000
  const open = window ?? { startMs: Math.floor(first.atMs / lengthMs) * lengthMs, state: '{}' }
  return { ...open, isFinal: false, isEarly: false }
}

function countWithin(records: readonly LaneRecord[], window: OpenWindow, settings: MappingSettings): number {
  const place = records.findIndex(({ atMs }) => atMs >= endOf(window, settings))
  return place < 0 ? records.length : place
}

/** What a batch has come to: its verdict, or that the function could not be asked, which is no attempt. */
export type Outcome = Verdict | { readonly kind: 'unavailable' }
export type Settled = {
  readonly lane: Lane
  /** Whether the lane waits before it goes on. */
  readonly backsOff: boolean
}

export type Sent = Sending & { readonly records: readonly LaneRecord[] }

export function settle(lane: Lane, sent: Sent, outcome: Outcome, settings: MappingSettings): Settled {
  switch (outcome.kind) {
    case 'done':
      return { lane: { ...passed(lane, sent.upTo), window: windowAfter(sent, outcome.window) }, backsOff: false }
    case 'partly':
      return partlyDone(lane, sent, outcome, settings)
    case 'failed':
      return failed(lane, sent, settings)
    case 'unavailable':
    default:
      return { lane: keeping(lane, { upTo: sent.upTo, failures: sent.failures }), backsOff: true }
  }
}

/** The lane once everything up to that position is done. */
export function passed(lane: Lane, upTo: Position): Lane {
  const pieces = lane.pieces.filter((piece) => piece.upTo > upTo)
  return { after: Math.max(lane.after, upTo), pieces, window: lane.window }
}

function windowAfter({ window }: Sending, answered: WindowState | undefined): OpenWindow | undefined {
  if (window === undefined || window.isFinal || answered === undefined) return undefined
  const { state, isTooLarge } = answered
  return { startMs: window.startMs, state, ...(isTooLarge ? { isTooLarge: true } : {}) }
}

/** Before the pieces that follow it. */
function keeping(lane: Lane, piece: Piece): Lane {
  const rest = lane.pieces.filter(({ upTo }) => upTo > piece.upTo)
  return { after: lane.after, window: lane.window, pieces: [piece, ...rest] }
}

/** A batch that is cut in two is no attempt more: with each cut it is smaller, until one record is left. The last invocation of a window is made until it succeeds. */
function failed(lane: Lane, sent: Sent, settings: MappingSettings): Settled {
  const { upTo, count, failures, records } = sent
  if (count === 0) return { lane, backsOff: true }
  if (settings.bisects && count > 1) {
    const half = before(records, Math.ceil(count / 2))
    return { lane: keeping(keeping(lane, { upTo, failures }), { upTo: half, failures }), backsOff: false }
  }
  return tried(lane, { upTo, failures: failures + 1 }, settings)
}

/** What is left counts from one again: the function has come further. */
function partlyDone(lane: Lane, sent: Sent, outcome: Verdict & { kind: 'partly' }, settings: MappingSettings): Settled {
  const { upTo, records, count, window } = sent
  const { from } = outcome
  const done = passed(lane, before(records, from))
  const further = window === undefined ? done : { ...done, window: windowAfter(sent, outcome.window) }
  if (settings.bisects && count - from > 1) return { lane: keeping(further, { upTo, failures: 0 }), backsOff: false }
  return tried(further, { upTo, failures: 1 }, settings)
}

/** A piece that has had all its attempts is given up by the next decision. */
function tried(lane: Lane, piece: Piece, { retries }: MappingSettings): Settled {
  return { lane: keeping(lane, piece), backsOff: retries < 0 || piece.failures <= retries }
}

/** The last position before that record. */
function before(records: readonly LaneRecord[], place: number): Position {
  const record = records[place]
  assert(record !== undefined, 'lane: a batch is cut before one of its records')
  return record.position - 1
}
