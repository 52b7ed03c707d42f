import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEntryBody, encodeEntryBody, type EntryBody } from '../../../src/engine/order/quorum-entry.ts'
import { orderRecordIn } from '../../../src/engine/order/quorum-place.ts'
import { entryIdOf, Runs, textOfEntryId } from '../../../src/engine/order/quorum-runs.ts'

const body: EntryBody = {
  region: 2,
  guards: true,
  basis: { wallMs: 1_700_000_000_000, counter: 7 },
  place: 41,
  digest: 0xfedcba98,
  durable: 40,
  commands: [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(300, 1)],
}

describe('an entry of a shared order', () => {
  test('is read as it was', () => {
    expect(decodeEntryBody(encodeEntryBody(body))).toEqual(body)
    expect(decodeEntryBody(encodeEntryBody({ ...body, guards: false, commands: [] }))?.guards).toBe(false)
  })

  test('bytes of any kind are read or refused, and never throw', () => {
    const whole = encodeEntryBody(body)
    for (let end = 0; end < whole.length; end++) expect(decodeEntryBody(whole.subarray(0, end))).toBeUndefined()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        decodeEntryBody(Buffer.from(bytes))
        decodeEntryBody(Buffer.concat([whole.subarray(0, 20), bytes]))
      }),
    )
  })

  test('counts once, and never behind a later one of its author', () => {
    const runs = new Runs()
    const accepted = (text: string): boolean =>
      runs.accept(entryIdOf(text) as NonNullable<ReturnType<typeof entryIdOf>>)
    expect(
      ['a/1/x/1', 'a/1/x/1', 'a/1/x/3', 'a/1/x/2', 'b/1/y/1', 'a/1/z/9', 'a/2/z/1', 'a/1/x/4'].map(accepted),
    ).toEqual([true, false, true, false, true, false, true, false])
    const id = { member: 'eu-west-1', run: 3, name: 'n-1', number: 12 }
    expect(entryIdOf(textOfEntryId(id))).toEqual(id)
    for (const text of ['', 'a', 'a/b/c/d', 'a/1/x/-1', 'a/1/x/1/2', '__proto__/1/x/99999999999999999'])
      expect(entryIdOf(text)).toBeUndefined()
  })

  test('what another replica says of its place is taken only when it is one', () => {
    const runs = { 'eu-west-1': { run: 1, name: 'n', number: 4 } }
    const record = { clock: body.basis, digest: 5, place: { sequence: 9, atMs: 3, runs, isOpened: true } }
    expect(orderRecordIn(JSON.parse(JSON.stringify(record)))).toEqual(record)
    for (const wrong of [undefined, null, 1, 'x', [], {}, { ...record, digest: undefined }, { ...record, clock: {} }])
      expect(orderRecordIn(wrong)).toBeUndefined()
    for (const place of [
      undefined,
      {},
      { ...record.place, sequence: -1 },
      { ...record.place, runs: { a: { run: 'x' } } },
    ])
      expect(orderRecordIn({ ...record, place })).toBeUndefined()
  })
})
