import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hmacWith } from '../../../src/adapters/system/message-key.ts'
import { encodeBatch } from '../../../src/core/change/batch.ts'
import { decodeAnswer, decodeRequest, encodeControl } from '../../../src/core/change/control.ts'
import { asUnsigned, frameSizeBytes, UnknownFormat } from '../../../src/core/change/message.ts'
import { encodeRows } from '../../../src/core/change/rows.ts'
import { checkSeal, contextOf, contextOfAnswer, NotAuthentic, seal, toAll } from '../../../src/core/change/seal.ts'

const key = Buffer.alloc(32, 7)
const mac = hmacWith(key)
const other = hmacWith(Buffer.alloc(32, 8))

const message = fc.oneof(
  fc
    .record({ origin: fc.string({ maxLength: 20 }), after: fc.nat(1000), more: fc.nat(9) })
    .map(({ origin, after, more }) =>
      encodeBatch({ origin, originNumber: 1, epoch: 'e', after, upTo: after + more, changes: [] }),
    ),
  fc.boolean().map((done) => encodeRows({ rows: [], done })),
  fc.string({ maxLength: 40 }).map((region) => encodeControl({ say: 'hello', region })),
)
const context = fc.uint8Array({ maxLength: 30 }).map((bytes) => contextOf(Buffer.from(bytes)))

describe('a sealed message', () => {
  it('has the first 16 bytes of HMAC-SHA256 over all its other bytes and the context at its end', () => {
    fc.assert(
      fc.property(message, context, (payload, of) => {
        const sealed = seal(payload, mac, of)
        const before = sealed.subarray(0, sealed.length - 16)
        const expected = createHmac('sha256', key)
          .update(Buffer.concat([before, of]))
          .digest()
          .subarray(0, 16)
        expect(sealed.subarray(sealed.length - 16)).toEqual(expected)
        expect(() => checkSeal(sealed, [other, mac], of)).not.toThrow()
      }),
    )
  })

  it('is refused with any bit flipped, and cut or extended anywhere', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 0, max: 7 }), (payload, seed, bit) => {
        const sealed = seal(payload, mac, toAll)
        const flipped = Buffer.from(sealed)
        const at = seed % sealed.length
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
        const cut = sealed.subarray(0, seed % sealed.length)
        const extended = Buffer.concat([sealed, Buffer.alloc(1 + (seed % 40), 0)])
        for (const bad of [flipped, cut, extended]) expect(() => checkSeal(bad, [mac], toAll)).toThrow(RangeError)
      }),
      { numRuns: 500 },
    )
  })

  it('is refused when another key has signed it, none has, or none is known', () => {
    fc.assert(
      fc.property(message, (payload) => {
        expect(() => checkSeal(payload, [mac], toAll)).toThrow(NotAuthentic)
        expect(() => checkSeal(seal(payload, other, toAll), [mac], toAll)).toThrow(NotAuthentic)
        expect(() => checkSeal(seal(payload, mac, toAll), [], toAll)).toThrow(NotAuthentic)
      }),
    )
  })

  it('is refused in any other context than its own', () => {
    fc.assert(
      fc.property(message, context, context, (payload, one, another) => {
        fc.pre(!one.equals(another))
        expect(() => checkSeal(seal(payload, mac, one), [mac], another)).toThrow(NotAuthentic)
      }),
    )
  })

  it('of the first format, or of one to come, is refused by name', () => {
    const sealed = seal(encodeControl({ say: 'cursors', region: 'us' }), mac, toAll)
    expect(() => checkSeal(asUnsigned(sealed), [mac], toAll)).toThrow('it is not signed')
    sealed[4] = 3
    expect(() => checkSeal(sealed, [mac], toAll)).toThrow(UnknownFormat)
  })

  it('is refused whatever bytes it has, and never with anything but a RangeError', () => {
    const bytes = fc.uint8Array({ maxLength: 120 }).map((value) => Buffer.from(value))
    const framed = bytes.map((tail) => Buffer.concat([Buffer.from('LGT'), Buffer.of(3, 2), tail]))
    fc.assert(
      fc.property(fc.oneof(bytes, framed), (payload) => {
        expect(() => checkSeal(payload, [mac], toAll)).toThrow(RangeError)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('an answer', () => {
  it('is for one question only, though the words of two are the same', () => {
    const ask = (salt: number): Buffer =>
      seal(encodeControl({ say: 'cursors', region: 'us' }), mac, contextOf(Buffer.from('eu')), salt)
    const [first, second] = [ask(1), ask(2)]
    expect(decodeRequest(first)).toEqual(decodeRequest(second))
    const answer = seal(encodeControl({ say: 'refused', reason: 'not now' }), other, contextOfAnswer(first))
    expect(() => checkSeal(answer, [other], contextOfAnswer(first))).not.toThrow()
    expect(() => checkSeal(answer, [other], contextOfAnswer(second))).toThrow(NotAuthentic)
    expect(() => checkSeal(answer, [other], toAll)).toThrow(NotAuthentic)
    expect(decodeAnswer(answer)).toEqual({ say: 'refused', reason: 'not now' })
  })
})

it('the second format has 27 bytes around the body, and the first 5', () => {
  const sealed = seal(encodeControl({ say: 'cursors', region: 'us' }), mac, toAll)
  const body = Buffer.from(JSON.stringify({ say: 'cursors', region: 'us' }))
  expect(sealed.length).toBe(frameSizeBytes + body.length)
  expect(asUnsigned(sealed)).toEqual(Buffer.concat([Buffer.from('LGT'), Buffer.of(3, 1), body]))
  expect(decodeRequest(asUnsigned(sealed))).toEqual({ say: 'cursors', region: 'us' })
})
