/**
 * Well-formed messages that lie. A peer that is confused signs its lies with its own key: here are only those that an honest region can see
 * through, at once or when the truth comes again, since of a peer that lies consistently about its own changes there is nothing to be known. A
 * stranger that reaches a peer's server has no key, and may lie as it likes. No lie may be applied, reach another region, or leave anything behind.
 */
import { decodeBatch, encodeBatch } from '../../src/core/change/batch.ts'
import type { Batch } from '../../src/core/change/batch.ts'
import { type Control, decodeAnnouncement, decodeAnswer, encodeControl } from '../../src/core/change/control.ts'
import { kindOf } from '../../src/core/change/message.ts'
import { encodeRow, decodeRow } from '../../src/core/item/row.ts'
import { messageChangesMax } from '../../src/core/limits/limits.ts'
import { batchIn, gapIn } from './corruption.ts'
import { signedBySender } from './signing.ts'
import type { Carried } from '../../src/adapters/memory/memory-link.ts'
import type { MessageKeys } from '../../src/ports/message-keys.ts'
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'

type Answer = ReturnType<typeof decodeAnswer>
type Announcement = Extract<Answer, { say: 'here' }>

export type Forgery = {
  readonly random: SeededRandom
  readonly keys: MessageKeys
  /** Another region than the one that speaks. */
  readonly other: { readonly name: string; readonly number: number }
  readonly onForged: () => void
}

const lieChance = 0.3
const strangerChance = 0.5
const yearsMs = 10 * 365 * 24 * 3600 * 1000

/** How a link alters what it carries. */
export function forging(forgery: Forgery): (payload: Buffer, carried: Carried) => Buffer {
  const { random, keys, onForged } = forgery
  return (payload, carried) => {
    if (!random.chance(lieChance)) return payload
    const isStranger = random.chance(strangerChance)
    const forged = (isStranger ? inventedIn(payload, random) : undefined) ?? forgedOf(payload, forgery)
    if (forged === undefined) return payload
    onForged()
    return isStranger ? forged : signedBySender(keys, forged, carried)
  }
}

/** A change that its origin has never made, and that only its signature shows to be false. Undefined where there is none to begin with. */
function inventedIn(payload: Buffer, random: SeededRandom): Buffer | undefined {
  const batch = batchIn(payload)
  const items = batch?.changes.filter(({ kind }) => kind === 'item') ?? []
  if (batch === undefined || items.length === 0) return undefined
  const like = random.pick(items)
  const row = decodeRow(like.row)
  const invented = { ...like, row: encodeRow({ ...row, stamp: { ...row.stamp, wallMs: row.stamp.wallMs + 1 } }) }
  return encodeBatch({ ...batch, changes: batch.changes.map((change) => (change === like ? invented : change)) })
}

const absurd = 1_000_000_000

/** Claims positions that the origin's log does not reach: in messages on its stream, and in its name once a second. */
export function forgingPositions(forgery: Omit<Forgery, 'other'>): (payload: Buffer, carried: Carried) => Buffer {
  const { random, keys, onForged } = forgery
  return (payload, carried) => {
    // Only a peer's node can answer for it: the accounts of its server bind the questions to its secret.
    if (carried.question !== undefined || !random.chance(lieChance)) return payload
    try {
      const kind = kindOf(payload)
      if (kind === 'batch') payload = encodeBatch(withAbsurdEnd(decodeBatch(payload), random))
      else if (kind === 'control') payload = encodeControl(withAbsurdPlace(decodeAnnouncement(payload)))
      else return payload
    } catch (error) {
      if (error instanceof RangeError) return payload
      throw error
    }
    onForged()
    return random.chance(strangerChance) ? payload : signedBySender(keys, payload, carried)
  }
}

function withAbsurdEnd(batch: Batch, random: SeededRandom): Batch {
  const upTo = batch.upTo + absurd
  return random.pick([() => ({ ...batch, upTo }), () => ({ ...batch, upTo, changes: [] })])()
}

function withAbsurdPlace(said: Announcement): Announcement {
  const [flushed, sent, published] = [said.flushed + absurd, said.sent + absurd, said.published + absurd]
  return { ...said, flushed, sent, published }
}

function forgedOf(payload: Buffer, forgery: Forgery): Buffer | undefined {
  try {
    const kind = kindOf(payload)
    if (kind === 'batch') return encodeBatch(forgedBatch(decodeBatch(payload), forgery))
    const said = kind === 'control' ? forgedAnswer(decodeAnswer(payload), forgery) : undefined
    return said === undefined ? undefined : encodeControl(said)
  } catch (error) {
    // A request, or what is not to be read at all.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function forgedBatch(batch: Batch, { random, other }: Forgery): Batch {
  return random.pick([
    () => ({ ...batch, origin: other.name }),
    () => ({ ...batch, originNumber: other.number }),
    () => ({ ...batch, origin: other.name, originNumber: other.number }),
    () => ({ ...batch, epoch: random.uuid() }),
    () => later(batch),
    () => stampedLater(batch),
    () => stampedBy(batch, other.number),
  ])()
}

/** Begins after what it has begun after: a gap. */
function later(batch: Batch): Batch {
  const first = batch.changes[0]
  const after = first === undefined ? batch.upTo : first.position - 1
  return { ...batch, after }
}

/** A change more, from a clock that is years ahead. */
function stampedLater(batch: Batch): Batch {
  return withOneMore(batch, (row) => ({ ...row, stamp: { ...row.stamp, wallMs: row.stamp.wallMs + yearsMs } }))
}

/** A change more, which says that another region made it. */
function stampedBy(batch: Batch, number: number): Batch {
  return withOneMore(batch, (row) => ({ ...row, stamp: { ...row.stamp, region: number } }))
}

type Row = ReturnType<typeof decodeRow>

/** At a position of which the batch says nothing: what the origin has made must arrive all the same. */
function withOneMore(batch: Batch, change: (row: Row) => Row): Batch {
  const position = gapIn(batch)
  const like = batch.changes.findLast(({ kind }) => kind === 'item')
  if (like === undefined || position === undefined || batch.changes.length >= messageChangesMax) return batch
  const more = { ...like, position, group: position, row: encodeRow(change(decodeRow(like.row))) }
  return { ...batch, changes: [...batch.changes, more].toSorted((a, b) => a.position - b.position) }
}

function forgedAnswer(said: Answer, forgery: Forgery): Control | undefined {
  const { random } = forgery
  if (said.say === 'here') return forgedAnnouncement(said, forgery)
  return random.pick<() => Control>([
    () => ({ say: 'refused', reason: 'this region is away' }),
    () => ({ say: 'refused', reason: 'the table is not here, or not all of it' }),
    () => ({ say: 'gone', epoch: random.uuid(), oldest: 1000, flushed: 2000 }),
    ...(said.say === 'cursors' ? [() => ({ ...said, cursors: [] }), () => ({ ...said, epoch: random.uuid() })] : []),
    ...(said.say === 'digest' ? [() => ({ ...said, rows: said.rows + 1, digest: '00' })] : []),
  ])()
}

function forgedAnnouncement(said: Announcement, { random, other }: Forgery): Announcement {
  return random.pick<() => Announcement>([
    () => ({ ...said, region: other.name }),
    () => ({ ...said, region: other.name, number: other.number }),
    () => ({ ...said, number: other.number }),
    () => ({ ...said, epoch: random.uuid() }),
    () => ({ ...said, clock: { ...said.clock, wallMs: said.clock.wallMs + yearsMs } }),
    () => ({ ...said, wallMs: 0 }),
    () => ({ ...said, wallMs: said.wallMs + yearsMs }),
    () => ({ ...said, seen: [] }),
    () => ({ ...said, owes: true }),
  ])()
}
