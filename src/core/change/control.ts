/** The short messages between regions, as JSON after the common header: announcements, confirmations, requests and answers. Each field is checked. */
import type { ClockState } from '../hybrid-logical-clock/hybrid-logical-clock.ts'
import { seriesNameLengthMax } from '../limits/line-limits.ts'
import {
  epochsRememberedMax,
  owedMax,
  regionNumbersMax,
  regionsMax,
  sharedTablesMax,
  voicesToldMax,
} from '../limits/limits.ts'
import type { RegionNumber } from '../hybrid-logical-clock/stamp.ts'
import type { TableId } from '../table/table.ts'
import { type Aside, isAside } from './aside.ts'
import type { Position } from './change.ts'
import type { DigestRange } from './digest-range.ts'
import { atOf, type ConfirmedPlace, type CursorList, type Lacking, placeOf, proofOf, type ToldPlace } from './place.ts'
import type { Proof } from './proof.ts'
import { clockOf, type Fields, fieldsOf, flag, list, manyOf, natural, record, shortText, text } from './fields.ts'
import { frameSizeBytes, writeHeader } from './message.ts'

/** A region's place in its own log and in time, told to everybody each second. */
export type Announcement = {
  readonly say: 'here'
  readonly region: string
  readonly number: number
  readonly epoch: string
  /** The last durable position of the region's log. */
  readonly flushed: Position
  /** The end of the last message on the stream. */
  readonly sent: Position
  /** Nothing that concerns others lies between `sent` and here: whoever has the one may stand at the other. */
  readonly published: Position
  readonly wallMs: number
  /** Every change of the region with a stamp up to this is at or before `flushed`. */
  readonly clock: ClockState
  /** Of each other region that has been met: everything with a stamp up to this is applied here. */
  readonly seen: readonly Seen[]
  /** But for what a region that has left, or lost its disk, had told others only: that is still to be merged from them. */
  readonly owes?: true
  /** Of each peer: what of this region's own changes it has not confirmed. A node of an earlier version does not say it. */
  readonly lacking?: readonly Lacking[]
  /** The process that speaks, once its start is durable in the region's store. */
  readonly start?: string
  /** The region's store is an older copy, and what its tables lack is still to be fetched from others. */
  readonly doubts?: true
  /** Processes of other regions that speak while an earlier one of the same region does, too. */
  readonly twice?: readonly string[]
}

export type Seen = {
  readonly region: string
  readonly clock: ClockState
  /** Tables that wait, because of a pause, and up to when they have everything. */
  readonly waiting?: readonly Waiting[]
}

export type Waiting = { readonly table: TableId; readonly clock: ClockState }

/** Where a peer stands in the hearer's log. */
export type Confirmation = {
  readonly say: 'confirm'
  readonly region: string
  readonly epoch: string
  readonly position: Position
  /** That the hearer's log has led to the place. */
  readonly proof?: Proof
  /** The process that confirms. */
  readonly start?: string
  /** When the peer applied the last of it, by its own clock, and that clock minus the hearer's as the peer sees it. */
  readonly applied?: { readonly wallMs: number; readonly skewMs: number }
  /** Until when the peer has everything from the hearer paused. */
  readonly pausedUntilMs?: number
  /** Tables that the peer has paused, or is catching up with: of these it has everything up to `position` only. */
  readonly parked?: readonly PausedPosition[]
  /** The peer still merges from others what a former log of the hearer may have told only them. */
  readonly owes?: true
}

export type PausedPosition = {
  readonly table: TableId
  readonly position: Position
  /** 0 once the pause is over. */
  readonly untilMs: number
}

/** One way: somebody waits for the hearer's clock to go on, and to be announced. */
export type Pulse = { readonly say: 'pulse'; readonly region: string }

export type Request =
  /** `at`: where the asking region stands in the log of the one that is asked. */
  | { readonly say: 'hello'; readonly region: string; readonly at?: ToldPlace }
  | {
      readonly say: 'log'
      readonly region: string
      readonly epoch: string
      readonly after: Position
      /** No more than up to here. */
      readonly upTo?: Position
      /** Only what concerns this table. */
      readonly table?: TableId
      /** About so many bytes; a single change may be larger. */
      readonly bytesMax?: number
      /** Where the asking region stands in that log: one that never led there is another, also under the same epoch. */
      readonly at?: ToldPlace
    }
  | { readonly say: 'cursors'; readonly region: string }
  | { readonly say: Aside; readonly region: string; readonly question: string }
  /** Of one table; or from `after` on, in parts, in the order of the ids. A region that knows of neither tells all that it has. */
  | { readonly say: 'tables'; readonly region: string; readonly after?: TableId; readonly table?: TableId }
  | { readonly say: 'registers'; readonly region: string; readonly table: TableId }
  /** Of the rows in (after, upTo] with stamps up to the watermark; without `upTo` to the table's end. */
  | ({ readonly say: 'digest'; readonly region: string; readonly table: TableId } & DigestRange)
  | {
      readonly say: 'rows'
      readonly region: string
      readonly table: TableId
      readonly after?: string
      /** Fewer than a part of a snapshot may have. */
      readonly rowsMax?: number
      /** About so many bytes; a single row may be larger. */
      readonly bytesMax?: number
      /** Though they are not all. */
      readonly partial?: true
      /**
       * The name of a series of questions, and the question's number in it. All but the first go on where the answer before ended, so that several
       * can be under way. A region of an earlier version knows of no series: its answers do not say where they begin.
       */
      readonly series?: string
      readonly part?: number
    }

export type Answer =
  | Announcement
  /** The log no longer reaches back to what was asked for, or the epoch is another. */
  | { readonly say: 'gone'; readonly epoch: string; readonly oldest: Position; readonly flushed: Position }
  /** The answering region's own log and its place in those of others. */
  | {
      readonly say: 'cursors'
      readonly region: string
      readonly epoch: string
      readonly flushed: Position
      readonly cursors: CursorList
      /** Of all regions that it has known, also those that have left: rows keep them. */
      readonly numbers?: readonly RegionNumber[]
      /** Regions that have left for good, as the answering one knows. */
      readonly left?: readonly { readonly region: string }[]
      /** What it still has to merge of a region that has left or lost its disk, from `peer`. */
      readonly owed?: readonly { readonly region: string; readonly peer: string }[]
      /** The furthest place in the answering region's log that the asking one has confirmed. */
      readonly confirmed?: ConfirmedPlace
      /** Epochs of the answering region's former logs. */
      readonly earlier?: readonly string[]
      /** Of some of them: up to where each led to the same places as the present one. */
      readonly shared?: readonly { readonly epoch: string; readonly position: Position }[]
      /** Processes of the asking region that speak while an earlier one does, too. */
      readonly twice?: readonly string[]
    }
  /** `more`: there are others after the last of these. */
  | { readonly say: 'tables'; readonly tables: readonly SharedTable[]; readonly more?: true }
  | { readonly say: 'digest'; readonly rows: number; readonly digest: string }
  | { readonly say: Aside; readonly reply: string }
  /** Asked for what the region does not have, or not completely. `deceived`: the asker does not stand where it says, and takes the state. */
  | { readonly say: 'refused'; readonly reason: string; readonly deceived?: true }

export type SharedTable = {
  readonly id: TableId
  /** The region has the table's items, all of them. */
  readonly complete: boolean
  /** Not all of them yet: what has come since the replica was begun, and what has been copied for it. A node of an earlier version does not say it. */
  readonly filling?: true
  readonly items: number
  /** Up to when its tombstones are forgotten: a snapshot has none as old as that. */
  readonly horizon?: ClockState
  /** Up to when its registers of deleted indexes are forgotten. */
  readonly forgotten?: ClockState
}

export type Control = Announcement | Confirmation | Pulse | Request | Answer

export function encodeControl(message: Control): Buffer {
  const json = JSON.stringify(message)
  const target = Buffer.allocUnsafe(frameSizeBytes + Buffer.byteLength(json))
  target.write(json, writeHeader(target, 'control'), 'utf8')
  return target
}

export function decodeAnnouncement(payload: Buffer): Announcement {
  return readAnnouncement(fieldsOf(payload))
}

/** What arrives at a region: a request, or what is told it. */
export function decodeRequest(payload: Buffer): Request | Confirmation | Pulse {
  const fields = fieldsOf(payload)
  const region = text(fields, 'region')
  if (isAside(fields['say'])) return { say: fields['say'], region, question: text(fields, 'question') }
  switch (fields['say']) {
    case 'hello':
      return { say: 'hello', region, ...atOf(fields) }
    case 'pulse':
    case 'cursors':
      return { say: fields['say'], region }
    case 'tables':
      return {
        say: 'tables',
        region,
        ...(fields['after'] === undefined ? {} : { after: text(fields, 'after') }),
        ...(fields['table'] === undefined ? {} : { table: text(fields, 'table') }),
      }
    case 'log':
      return readLogRequest(fields, region)
    case 'registers':
      return { say: 'registers', region, table: text(fields, 'table') }
    case 'rows':
      return {
        say: 'rows',
        region,
        table: text(fields, 'table'),
        ...(fields['after'] === undefined ? {} : { after: text(fields, 'after') }),
        ...(fields['rowsMax'] === undefined ? {} : { rowsMax: natural(fields, 'rowsMax') }),
        ...(fields['bytesMax'] === undefined ? {} : { bytesMax: natural(fields, 'bytesMax') }),
        ...flag(fields, 'partial'),
        ...(fields['series'] === undefined
          ? {}
          : { series: shortText(fields, 'series', seriesNameLengthMax), part: natural(fields, 'part') }),
      }
    case 'digest':
      return {
        say: 'digest',
        region,
        table: text(fields, 'table'),
        ...(fields['after'] === undefined ? {} : { after: text(fields, 'after') }),
        ...(fields['upTo'] === undefined ? {} : { upTo: text(fields, 'upTo') }),
        watermark: clockOf(fields, 'watermark'),
      }
    case 'confirm':
      return readConfirmation(fields, region)
    default:
      throw new RangeError('a request of no known kind')
  }
}

export function decodeAnswer(payload: Buffer): Answer {
  const fields = fieldsOf(payload)
  if (isAside(fields['say'])) return { say: fields['say'], reply: text(fields, 'reply') }
  switch (fields['say']) {
    case 'here':
      return readAnnouncement(fields)
    case 'gone':
      return {
        say: 'gone',
        epoch: text(fields, 'epoch'),
        oldest: natural(fields, 'oldest'),
        flushed: natural(fields, 'flushed'),
      }
    case 'cursors':
      return {
        say: 'cursors',
        region: text(fields, 'region'),
        epoch: text(fields, 'epoch'),
        flushed: natural(fields, 'flushed'),
        cursors: list(fields, 'cursors', regionsMax).map((cursor) => ({
          region: text(cursor, 'region'),
          ...placeOf(cursor),
        })),
        ...(fields['numbers'] === undefined ? {} : { numbers: manyOf(fields['numbers'], regionNumbersMax, natural) }),
        ...(fields['left'] === undefined ? {} : { left: list(fields, 'left', regionsMax).map(leftOf) }),
        ...(fields['owed'] === undefined ? {} : { owed: list(fields, 'owed', owedMax).map(owedOf) }),
        ...(fields['confirmed'] === undefined ? {} : { confirmed: confirmedOf(record(fields['confirmed'])) }),
        ...(fields['earlier'] === undefined ? {} : { earlier: manyOf(fields['earlier'], epochsRememberedMax, text) }),
        ...(fields['shared'] === undefined ? {} : { shared: list(fields, 'shared', epochsRememberedMax).map(placeOf) }),
        ...twiceOf(fields),
      }
    case 'tables':
      return {
        say: 'tables',
        tables: list(fields, 'tables', sharedTablesMax).map(sharedTableOf),
        ...flag(fields, 'more'),
      }
    case 'digest':
      return { say: 'digest', rows: natural(fields, 'rows'), digest: text(fields, 'digest') }
    case 'refused':
      return { say: 'refused', reason: text(fields, 'reason'), ...flag(fields, 'deceived') }
    default:
      throw new RangeError('an answer of no known kind')
  }
}

function sharedTableOf(fields: Fields): SharedTable {
  return {
    id: text(fields, 'id'),
    complete: fields['complete'] === true,
    ...flag(fields, 'filling'),
    items: natural(fields, 'items'),
    ...(fields['horizon'] === undefined ? {} : { horizon: clockOf(fields, 'horizon') }),
    ...(fields['forgotten'] === undefined ? {} : { forgotten: clockOf(fields, 'forgotten') }),
  }
}

function readAnnouncement(fields: Fields): Announcement {
  if (fields['say'] !== 'here') throw new RangeError('not an announcement')
  const flushed = natural(fields, 'flushed')
  const sent = natural(fields, 'sent')
  const published = natural(fields, 'published')
  if (sent > published || published > flushed) throw new RangeError('published before it was durable')
  return {
    say: 'here',
    region: text(fields, 'region'),
    number: natural(fields, 'number'),
    epoch: text(fields, 'epoch'),
    flushed,
    sent,
    published,
    wallMs: natural(fields, 'wallMs'),
    clock: clockOf(fields),
    seen: list(fields, 'seen', regionsMax).map(seenOf),
    ...flag(fields, 'owes'),
    ...(fields['lacking'] === undefined ? {} : { lacking: list(fields, 'lacking', regionsMax).map(lackingOf) }),
    ...(fields['start'] === undefined ? {} : { start: text(fields, 'start') }),
    ...flag(fields, 'doubts'),
    ...twiceOf(fields),
  }
}

function readConfirmation(fields: Fields, region: string): Confirmation {
  const { applied, pausedUntilMs, parked } = fields
  return {
    say: 'confirm',
    region,
    epoch: text(fields, 'epoch'),
    position: natural(fields, 'position'),
    ...proofOf(fields),
    ...(fields['start'] === undefined ? {} : { start: text(fields, 'start') }),
    ...(applied === undefined ? {} : { applied: appliedOf(record(applied)) }),
    ...(pausedUntilMs === undefined ? {} : { pausedUntilMs: natural(fields, 'pausedUntilMs') }),
    ...(parked === undefined ? {} : { parked: list(fields, 'parked', sharedTablesMax).map(pausedPositionOf) }),
    ...flag(fields, 'owes'),
  }
}

function readLogRequest(fields: Fields, region: string): Extract<Request, { say: 'log' }> {
  return {
    say: 'log',
    region,
    epoch: text(fields, 'epoch'),
    after: natural(fields, 'after'),
    ...(fields['upTo'] === undefined ? {} : { upTo: natural(fields, 'upTo') }),
    ...(fields['table'] === undefined ? {} : { table: text(fields, 'table') }),
    ...(fields['bytesMax'] === undefined ? {} : { bytesMax: natural(fields, 'bytesMax') }),
    ...atOf(fields),
  }
}

function twiceOf(fields: Fields): { readonly twice?: readonly string[] } {
  return fields['twice'] === undefined ? {} : { twice: manyOf(fields['twice'], voicesToldMax, text) }
}

function confirmedOf(fields: Fields): ConfirmedPlace {
  return { epoch: text(fields, 'epoch'), position: natural(fields, 'position') }
}

function appliedOf(fields: Fields): { readonly wallMs: number; readonly skewMs: number } {
  const { skewMs } = fields
  if (typeof skewMs !== 'number' || !Number.isFinite(skewMs)) throw new RangeError('skewMs is no number')
  return { wallMs: natural(fields, 'wallMs'), skewMs }
}

function pausedPositionOf(fields: Fields): PausedPosition {
  return { table: text(fields, 'table'), position: natural(fields, 'position'), untilMs: natural(fields, 'untilMs') }
}

function seenOf(fields: Fields): Seen {
  const { waiting } = fields
  return {
    region: text(fields, 'region'),
    clock: clockOf(fields),
    ...(waiting === undefined ? {} : { waiting: list(fields, 'waiting', sharedTablesMax).map(waitingOf) }),
  }
}

function lackingOf(fields: Fields): Lacking {
  const { oldestMs } = fields
  return {
    region: text(fields, 'region'),
    after: natural(fields, 'after'),
    upTo: natural(fields, 'upTo'),
    changes: natural(fields, 'changes'),
    ...(oldestMs === undefined ? {} : { oldestMs: natural(fields, 'oldestMs') }),
    ...flag(fields, 'atMost'),
  }
}

function waitingOf(fields: Fields): Waiting {
  return { table: text(fields, 'table'), clock: clockOf(fields) }
}

const leftOf = (fields: Fields) => ({ region: text(fields, 'region') })
const owedOf = (fields: Fields) => ({ region: text(fields, 'region'), peer: text(fields, 'peer') })
