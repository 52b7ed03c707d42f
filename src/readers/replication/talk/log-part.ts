/**
 * Asks a peer for a part of its log and checks the answer. Every reader of a peer's log uses this one: the filler of gaps
 * (gap-repair.ts), the reader of backlogs (backlog.ts), and the tables that catch up after a pause (paused-positions.ts).
 *
 * An honest answer is one of two: the part that was asked for, or 'gone', which says that the peer's log does not reach back
 * to it. Anything else is an error, and the asker keeps its state as it was: a refusal never means "there is nothing more".
 */
import { type Batch, decodeBatch } from '../../../core/change/batch.ts'
import type { Position } from '../../../core/change/change.ts'
import { type Answer, decodeAnswer, encodeControl } from '../../../core/change/control.ts'
import type { ToldPlace } from '../../../core/change/place.ts'
import { kindOf } from '../../../core/change/message.ts'
import { groupChangesMax } from '../../../core/limits/line-limits.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Region } from '../../../core/topology.ts'
import { declined } from './questions.ts'
import type { Session } from './session.ts'

export type LogQuestion = {
  readonly session: Pick<Session, 'request' | 'pace'>
  /** The region that asks. */
  readonly region: string
  readonly peer: Region
  /** The part (after, upTo] of the log of this epoch. */
  readonly epoch: string
  readonly after: Position
  readonly upTo: Position
  /** Only changes of this table. */
  readonly table?: TableId
  /** About so many bytes; as much as the line carries in a second, unless said otherwise. */
  readonly bytesMax?: number
  /** Where the region that asks stands in that log: another log under the same epoch, of a store that was set back, does not answer. */
  readonly at?: ToldPlace
  /** The end of the peer's log, as the peer last said it. No part reaches beyond it, unless the question does. */
  readonly flushed?: Position | undefined
}

type Gone = Extract<Answer, { say: 'gone' }>

export type LogPart =
  | { readonly say: 'part'; readonly batch: Batch; readonly sizeBytes: number }
  /** The log no longer reaches back to `after`, ends before it, or is another one. */
  | Gone

/** Rejects when the peer does not answer or refuses; with a RangeError when no honest peer answers so. */
export async function askForPart(question: LogQuestion): Promise<LogPart> {
  return readPart(question, await requestPart(question))
}

/**
 * The first position that the peer's log still holds: asks for a part from the beginning on, which only a log that reaches back to its first
 * sends. Without positions (`upTo` 0) a peer leaves out what a former log of its store has led to (former-logs.ts).
 */
export async function oldestHeld(of: Omit<LogQuestion, 'after' | 'upTo'>, upTo: 0 | 1 = 0): Promise<Position> {
  const part = await askForPart({ ...of, after: 0, upTo })
  if (part.say === 'part') return 1
  if (part.epoch !== of.epoch) throw new Error(`${of.peer.name} has another log meanwhile (${part.epoch})`)
  return part.oldest
}

/** Returns the answer unread, for an asker that reads it when its turn comes. */
export function requestPart(question: LogQuestion): Promise<Buffer> {
  const { session, region, epoch, after, upTo, table, bytesMax, at } = question
  const place = at === undefined ? {} : { at }
  const only = { ...(table === undefined ? {} : { table }), bytesMax: bytesMax ?? session.pace.lonePartBytes, ...place }
  return session.request(encodeControl({ say: 'log', region, epoch, after, upTo, ...only }))
}

export function readPart(question: LogQuestion, answer: Buffer): LogPart {
  const { peer } = question
  if (kindOf(answer) !== 'control') return { say: 'part', batch: checked(question, answer), sizeBytes: answer.length }
  const said = decodeAnswer(answer)
  if (said.say !== 'gone') throw declined(said, peer.name)
  if (holds(said, question)) throw new RangeError(`${peer.name} holds that part of its log and does not send it`)
  return said
}

function holds(said: Gone, { epoch, after }: LogQuestion): boolean {
  return said.epoch === epoch && said.oldest <= after + 1 && after <= said.flushed
}

function checked(question: LogQuestion, answer: Buffer): Batch {
  const { peer, epoch, after, upTo, table } = question
  const batch = decodeBatch(answer)
  if (batch.origin !== peer.name || batch.originNumber !== peer.number)
    throw new RangeError(`${peer.name} answered with the log of ${batch.origin}`)
  if (batch.epoch !== epoch) throw new RangeError(`${peer.name} answered with its log of epoch ${batch.epoch}`)
  const goesOn = upTo <= after || batch.upTo > after
  if (batch.after !== after || !goesOn || batch.upTo > endMax(question))
    throw new RangeError(`${peer.name} answered with (${batch.after}, ${batch.upTo}] instead of (${after}, ${upTo}]`)
  if (table !== undefined && batch.changes.some((change) => change.table !== table))
    throw new RangeError(`${peer.name} answered with changes of another table`)
  if (batch.changes.some((change) => change.position > upTo && !isBegunBy(change, upTo)))
    throw new RangeError(`${peer.name} answered with changes beyond position ${upTo}`)
  return batch
}

/** A part ends only where a transaction ends, or a part of one that is too large for a message: so it may reach a little further than was asked. */
function endMax({ upTo, flushed }: LogQuestion): Position {
  const end = upTo + groupChangesMax
  return flushed === undefined ? end : Math.min(end, Math.max(flushed, upTo))
}

function isBegunBy({ group }: Batch['changes'][number], upTo: Position): boolean {
  return group <= upTo
}
