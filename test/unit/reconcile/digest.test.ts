import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRow, type Row, wireSizeBytes, writeWireRow } from '../../../src/core/item/row.ts'
import { countsUpTo, Digest, hash128, isSameRow } from '../../../src/core/reconcile/digest.ts'
import { chooseRow } from '../../../src/core/reconcile/choose-row.ts'

const rowOf = (text: string, wallMs = 5, more: Partial<Row> = {}): Buffer =>
  encodeRow({
    stamp: { wallMs, counter: 0, region: 1 },
    seen: [],
    tombstone: false,
    itemSizeBytes: 1,
    body: Buffer.from(text),
    ...more,
  })

const digestOf = (rows: readonly (readonly [string, Buffer])[]): string => {
  const digest = new Digest()
  for (const [key, row] of rows) digest.add(Buffer.from(key), row)
  return digest.result().digest
}

describe('the digest of a range', () => {
  it('rests on MurmurHash3 as others compute it', () => {
    expect(hash128(Buffer.alloc(0))).toBe('00000000000000000000000000000000')
    expect(hash128(Buffer.from('The quick brown fox jumps over the lazy dog'))).toBe('2f1583c3ecee2c675d7bf66ce5e91d2c')
  })

  it('is that of version 0.1.0, whatever the format of the row', () => {
    const row = rowOf('a')
    const old = Buffer.alloc(wireSizeBytes(row, 0, row.length))
    writeWireRow(old, 0, row)
    for (const each of [row, old]) expect(digestOf([['1', each]])).toBe('bed0c0640e5effb488a51067393c8a64')
    expect(isSameRow(row, old)).toBe(true)
    expect(isSameRow(rowOf('b'), old)).toBe(false)
  })

  it('tells a row whose checksum is wrong from the row that was written', () => {
    const row = rowOf('a')
    const damaged = Buffer.from(row)
    damaged[17] = (damaged[17] as number) ^ 1
    expect(digestOf([['1', damaged]])).not.toBe(digestOf([['1', row]]))
    expect(countsUpTo(damaged, { wallMs: 1, counter: 0 })).toBe(true)
    expect(isSameRow(row, damaged)).toBe(false)
  })

  it('does not depend on the order of rows, nor on what they have seen', () => {
    const [a, b] = [rowOf('a'), rowOf('b')]
    expect(
      digestOf([
        ['1', a],
        ['2', b],
      ]),
    ).toBe(
      digestOf([
        ['2', b],
        ['1', a],
      ]),
    )
    expect(digestOf([['1', rowOf('a', 5, { seen: [{ wallMs: 1, counter: 0, region: 2 }] })]])).toBe(
      digestOf([['1', a]]),
    )
  })

  it('changes with any byte of a row but what it has seen, and with its key', () => {
    const row = rowOf('{"pk":{"S":"value"}}')
    fc.assert(
      fc.property(fc.nat(row.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        fc.pre(at !== 15)
        const damaged = Buffer.from(row)
        damaged[at] = (damaged[at] ?? 0) ^ change
        expect(digestOf([['k', damaged]])).not.toBe(digestOf([['k', row]]))
      }),
    )
    expect(digestOf([['other', row]])).not.toBe(digestOf([['k', row]]))
  })

  it('counts items up to the watermark, and whatever is no row', () => {
    const watermark = { wallMs: 5, counter: 0 }
    expect(countsUpTo(rowOf('a', 5), watermark)).toBe(true)
    expect(countsUpTo(rowOf('a', 6), watermark)).toBe(false)
    expect(countsUpTo(rowOf('a', 5, { tombstone: true }), watermark)).toBe(false)
    expect(countsUpTo(Buffer.from('junk'), watermark)).toBe(true)
  })
})

describe('which row is kept', () => {
  const valid = (row: Buffer) => ({ row, isValid: true })
  const none = { row: undefined, isValid: false }

  it('is that of the greatest stamp, and any rather than none', () => {
    expect(chooseRow([valid(rowOf('a', 5)), valid(rowOf('b', 6)), none])).toEqual({ chosen: 'row', row: rowOf('b', 6) })
  })

  it('is that of most replicas where stamps are equal, then that of the greater bytes', () => {
    const [a, b] = [rowOf('a'), rowOf('b')]
    expect(chooseRow([valid(a), valid(b), valid(a)])).toEqual({ chosen: 'row', row: a })
    expect(chooseRow([valid(a), valid(b)])).toEqual({ chosen: 'row', row: b })
  })

  it('is never one that cannot be right', () => {
    const wrong = { row: rowOf('z', 99), isValid: false }
    expect(chooseRow([wrong, valid(rowOf('a'))])).toEqual({ chosen: 'row', row: rowOf('a') })
    expect(chooseRow([wrong, none])).toEqual({ chosen: 'none' })
    expect(chooseRow([wrong, wrong])).toEqual({ chosen: 'unknown' })
  })

  it('stays the same while one replica after the other takes it over', () => {
    const row = fc.constantFrom(...['a', 'b', 'c'].map((text) => rowOf(text)))
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 5 }), (rows) => {
        const replicas = [...rows]
        const first = chooseRow(replicas.map(valid))
        for (const [n] of replicas.entries()) {
          const now = chooseRow(replicas.map(valid))
          expect(now).toEqual(first)
          if (now.chosen === 'row') replicas[n] = now.row
        }
      }),
    )
  })
})
