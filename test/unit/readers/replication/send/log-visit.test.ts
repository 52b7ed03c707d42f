/** What of the log goes into one message, with limits so low that many a transaction is too large for one. */
import * as fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { type Batch, decodeBatch, encodeBatch } from '../../../../../src/core/change/batch.ts'
import type { Change } from '../../../../../src/core/change/change.ts'
import type { RecordHead } from '../../../../../src/core/change/record.ts'
import { encodeRow } from '../../../../../src/core/item/row.ts'
import type { Engine } from '../../../../../src/engine/engine.ts'
import { batchOf, encodePart, nextPart } from '../../../../../src/readers/replication/send/own-changes.ts'
import { joined } from '../../../../../src/readers/replication/receive/batches.ts'
import { change as changeAt } from '../change.ts'

const changesMax = 5
const sizeBytesMax = vi.hoisted(() => 4096 + 2000)
vi.mock('../../../../../src/core/limits/limits.ts', async (original) => ({
  ...(await original<Record<string, unknown>>()),
  messageChangesMax: 5,
  messageSizeBytesMax: sizeBytesMax,
  messageTargetBytes: 1000,
}))
vi.mock('../../../../../src/core/limits/line-limits.ts', async (original) => ({
  ...(await original<Record<string, unknown>>()),
  transactionPartsMax: 64,
}))

type Made = { readonly leaves: boolean; readonly sizeBytes: number }

const made = fc.record({ leaves: fc.boolean(), sizeBytes: fc.integer({ min: 1, max: 900 }) })
const log = fc.array(fc.array(made, { minLength: 1, maxLength: 14 }), { minLength: 1, maxLength: 12 }).map(changesOf)

/** A transaction each. */
function changesOf(groups: readonly (readonly Made[])[]): readonly Change[] {
  const changes: Change[] = []
  for (const group of groups) {
    const first = changes.length + 1
    for (const { leaves, sizeBytes } of group) {
      const like = changeAt(changes.length + 1)
      const stamp = { wallMs: like.position, counter: 0, region: 1 }
      const body = Buffer.alloc(sizeBytes)
      const row = encodeRow({ stamp, seen: [], tombstone: false, itemSizeBytes: sizeBytes, body })
      const ownNumber = leaves ? like.position : 0
      changes.push({ ...like, group: first, cause: 'client', at: 0, table: 't', ownNumber, row })
    }
  }
  return changes
}

function engineOf(changes: readonly Change[]): Engine {
  const visitOwnLog: Engine['visitOwnLog'] = ({ after, upTo }, visit) => {
    let read = after
    for (const change of changes.slice(after, Math.min(upTo, changes.length))) {
      const keyEnd = change.key.length
      const place = { keyStart: 0, rowStart: keyEnd, rowEnd: keyEnd + change.row.length }
      const head: RecordHead = { ...change, origin: undefined, unshared: false, previousEnd: undefined, ...place }
      if (!visit(head, Buffer.concat([change.key, change.row]))) break
      read++
    }
    return read
  }
  const table = { replicas: [{ region: 'eu' }] }
  const region = { name: 'us', number: 1 }
  const engine = { region, epoch: 'e', visitOwnLog, flushed: () => changes.length, oldest: () => 1 }
  return { ...engine, tableWithId: () => table } as unknown as Engine
}

const leaving = (changes: readonly Change[]): readonly number[] =>
  changes.filter(({ ownNumber }) => ownNumber > 0).map(({ position }) => position)
const positionsOf = (batches: readonly Batch[]): readonly number[] =>
  batches.flatMap(({ changes }) => changes.map(({ position }) => position))

function streamOf(engine: Engine): readonly Batch[] {
  const batches: Batch[] = []
  for (let after = 0; after < engine.flushed();) {
    const { leaving: each, upTo, part } = nextPart(engine, after)
    const payload = encodeBatch(batchOf(engine, { after, upTo, part }, each))
    expect(payload.length).toBeLessThanOrEqual(sizeBytesMax)
    expect(each.length).toBeLessThanOrEqual(changesMax)
    batches.push(decodeBatch(payload))
    expect(upTo).toBeGreaterThan(after)
    after = upTo
  }
  return batches
}

it('is all that leaves, once and in order, and a transaction is in one message, or alone in numbered ones', () => {
  fc.assert(
    fc.property(log, (changes) => {
      const batches = streamOf(engineOf(changes))
      expect(positionsOf(batches)).toEqual(leaving(changes))
      const messagesOf = new Map<number, Batch[]>()
      for (const batch of batches)
        for (const group of new Set(batch.changes.map((each) => each.group)))
          messagesOf.set(group, [...(messagesOf.get(group) ?? []), batch])
      for (const [group, messages] of messagesOf) {
        const numbers = messages.map(({ part }) => part)
        const expected = messages.map((_, n) => ({ number: n + 1, of: messages.length }))
        expect(numbers).toEqual(messages.length === 1 ? [undefined] : expected)
        const whole = joined(messages)
        const own = changes.filter((each) => each.group === group)
        expect(positionsOf([whole]).filter((at) => own.some(({ position }) => position === at))).toEqual(leaving(own))
      }
    }),
  )
})

it('ends at the same places in every answer, wherever it begins', () => {
  fc.assert(
    fc.property(log, fc.nat(), fc.nat(30), (changes, seed, length) => {
      const engine = engineOf(changes)
      const after = seed % changes.length
      const asked = { after, from: after, end: after + length, table: undefined, bytesMax: undefined }
      const { upTo, batch: payload } = encodePart(engine, asked)
      if (payload === undefined) return
      const batch = decodeBatch(payload)
      const next = changes[upTo]
      const goesOn =
        next !== undefined &&
        leaving(changes.filter((each) => each.group === next.group && each.position > upTo)).length > 0
      const isCut = goesOn && next.group <= upTo && batch.changes.some(({ group }) => group === next.group)
      expect(batch.part !== undefined && batch.part.number < batch.part.of).toBe(isCut)
      if (isCut) expect(streamOf(engine).map((each) => each.changes.at(-1)?.position)).toContain(upTo)
    }),
  )
})
