/**
 * What arrives from a peer that is broken, or speaks another version. Of what is corrupted on purpose a list is kept, so
 * that the regions can be held to it: none of it may be applied, and what was poisoned must be named.
 */
import { type BatchChange, decodeBatch, encodeBatch } from '../../src/core/change/batch.ts'
import { kindOf } from '../../src/core/change/message.ts'
import { messageChangesMax } from '../../src/core/limits/limits.ts'
import { decodeRow, encodeRow } from '../../src/core/item/row.ts'
import type { Carried } from '../../src/adapters/memory/memory-link.ts'
import type { MessageKeys } from '../../src/ports/message-keys.ts'
import { contextIn, signedBySender } from './signing.ts'
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'

export type Corruption = 'garbage' | 'poison'

export class Poison {
  readonly #random: SeededRandom
  readonly #names = new Set<string>()
  readonly #isAlone: (origin: string, position: number) => boolean

  /** `isAlone`: whether a position of the origin's is a change for itself. What lies within a transaction is no place for another one. */
  constructor(random: SeededRandom, isAlone: (origin: string, position: number) => boolean) {
    this.#random = random
    this.#isAlone = isAlone
  }

  /** How a link alters what it carries. */
  alter(how: Corruption): (payload: Buffer) => Buffer {
    if (how === 'garbage') return (payload) => (this.#random.chance(0.3) ? this.#garbage(payload) : payload)
    return (payload) => (this.#random.chance(0.7) ? this.#poisoned(payload) : payload)
  }

  isPoison(change: Pick<BatchChange, 'table' | 'key' | 'row'>): boolean {
    return this.#names.size > 0 && this.#names.has(nameOf(change))
  }

  #garbage(payload: Buffer): Buffer {
    const random = this.#random
    if (random.chance(0.5)) return random.bytes(random.between(0, 60))
    return payload.subarray(0, random.between(0, payload.length - 1))
  }

  /** One change more than the origin has made, at a position of which the batch says nothing: all others must flow. */
  #poisoned(payload: Buffer): Buffer {
    const batch = batchIn(payload)
    if (batch === undefined) return payload
    const position = gapIn(batch, (at) => this.#isAlone(batch.origin, at))
    const items = batch.changes.filter((change) => change.kind === 'item')
    if (position === undefined || items.length === 0 || batch.changes.length >= messageChangesMax) return payload
    const bad = { ...this.#worsened(this.#random.pick(items)), position, group: position }
    this.#names.add(nameOf(bad))
    const changes = [...batch.changes, bad].toSorted((a, b) => a.position - b.position)
    return encodeBatch({ ...batch, changes })
  }

  #worsened(change: BatchChange): BatchChange {
    const row = decodeRow(change.row)
    const rowOf = (more: Partial<typeof row>): Buffer => encodeRow({ ...row, ...more })
    const register = (key: string, body: string): BatchChange => ({
      ...change,
      kind: 'register',
      key: Buffer.from(key),
      row: rowOf({ tombstone: false, body: Buffer.from(body) }),
    })
    const later = { ...row.stamp, region: row.stamp.region + 1, wallMs: row.stamp.wallMs + 1 }
    return this.#random.pick([
      { ...change, row: rowOf({ body: row.body.subarray(0, row.body.length - 2) }) },
      { ...change, key: Buffer.concat([change.key, Buffer.from('x')]) },
      { ...change, row: rowOf({ tombstone: false, itemSizeBytes: row.itemSizeBytes + 1 }) },
      { ...change, row: rowOf({ seen: [later] }) },
      register('settings/time-to-live', '{"attribute":7}'),
      register('local/status', '{"status":"DELETING","sinceMs":0}'),
    ])
  }
}

/** As a peer of that version would have signed it. */
export function otherVersion(keys: MessageKeys): (payload: Buffer, carried: Carried) => Buffer {
  return (payload, carried) => {
    // Whom it is for can only be read in the version of this program.
    const context = contextIn(payload, carried)
    if (payload.length > 4) payload[4] = 99
    return signedBySender(keys, payload, carried, context)
  }
}

/** Undefined for what is none, or is bad enough already. */
export function batchIn(payload: Buffer): ReturnType<typeof decodeBatch> | undefined {
  try {
    return kindOf(payload) === 'batch' ? decodeBatch(payload) : undefined
  } catch {
    return undefined
  }
}

/** A position in the batch's range without a change. */
export function gapIn(
  { after, upTo, changes }: ReturnType<typeof decodeBatch>,
  isFit: (position: number) => boolean = () => true,
): number | undefined {
  const taken = new Set(changes.map(({ position }) => position))
  for (let position = after + 1; position <= upTo; position++)
    if (!taken.has(position) && isFit(position)) return position
  return undefined
}

function nameOf({ table, key, row }: Pick<BatchChange, 'table' | 'key' | 'row'>): string {
  return `${table}/${key.toString('latin1')}/${row.toString('latin1')}`
}
