import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CborReader } from '../../../src/core/cbor/cbor-reader.ts'
import { CborScanner } from '../../../src/core/cbor/cbor-scanner.ts'
import { CborTag, type CborValue } from '../../../src/core/cbor/cbor-value.ts'
import { CborWriter } from '../../../src/core/cbor/cbor-writer.ts'
import { decodeCbor, encodeCbor } from '../../../src/core/cbor/cbor.ts'
import { UnreadableCbor } from '../../../src/core/cbor/major-types.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

const integers = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.bigInt({ min: -300n, max: 300n }),
    fc.maxSafeInteger().map(BigInt),
  )
  .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value))
const leaf: fc.Arbitrary<CborValue> = fc.oneof(
  integers,
  fc.double(),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(null, undefined, true, false),
)
const values = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('value'), { maxLength: 30 }),
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 30 }).map((pairs) => new Map(pairs)),
    fc.tuple(fc.constantFrom(1, 4, 258, 3321, 55799), tie('value')).map(([tag, value]) => new CborTag(tag, value)),
  ),
})).value

describe('CBOR', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decodeCbor(encodeCbor(value))).toEqual(value)
      }),
    )
  })

  // From RFC 8949, appendix A.
  it.each([
    ['00', 0],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['1bffffffffffffffff', 18_446_744_073_709_551_615n],
    ['c249010000000000000000', 18_446_744_073_709_551_616n],
    ['3bffffffffffffffff', -18_446_744_073_709_551_616n],
    ['c349010000000000000000', -18_446_744_073_709_551_617n],
    ['3903e7', -1000],
    ['fb3ff199999999999a', 1.1],
    ['fbc010666666666666', -4.1],
    ['fb7ff0000000000000', Infinity],
    ['f4', false],
    ['f6', null],
    ['f7', undefined],
    ['c1fb41d452d9ec200000', new CborTag(1, 1_363_896_240.5)],
    ['c48221196ab3', new CborTag(4, [-2, 27_315])],
    ['4401020304', hex('01020304')],
    ['62225c', '"\\'],
    ['63e6b0b4', '水'],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    [
      'a26161016162820203',
      new Map<CborValue, CborValue>([
        ['a', 1],
        ['b', [2, 3]],
      ]),
    ],
  ])('%s is %s in the shortest form', (bytes, value) => {
    expect(decodeCbor(hex(bytes))).toEqual(value)
    expect(encodeCbor(value).toString('hex')).toBe(bytes)
  })

  it.each([
    ['f90000', 0],
    ['f93c00', 1],
    ['f9c400', -4],
    ['f97bff', 65_504],
    ['f90001', 5.960464477539063e-8],
    ['f90400', 0.00006103515625],
    ['f97e00', NaN],
    ['f9fc00', -Infinity],
    ['fa47c35000', 100_000],
    ['5f42010243030405ff', hex('0102030405')],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    [
      'bf61610161629f0203ffff',
      new Map<CborValue, CborValue>([
        ['a', 1],
        ['b', [2, 3]],
      ]),
    ],
    ['1800', 0],
    ['c240', 0],
    ['1b0000000000000001', 1],
  ])('%s is %s', (bytes, value) => {
    expect(decodeCbor(hex(bytes))).toEqual(value)
  })

  it.each([
    ['', 'nothing'],
    ['18', 'a head that is cut'],
    ['1c', 'a reserved first byte'],
    ['1f', 'an integer without end'],
    ['61', 'a text that is cut'],
    ['61ff', 'a text that is not UTF-8'],
    ['63f09080', 'a text that ends within a character'],
    ['9bffffffffffffffff', 'an array longer than its bytes'],
    ['bf01ff', 'a map that ends within a pair'],
    ['a201020103', 'a map with a key twice'],
    ['5f6161ff', 'text within bytes'],
    ['5f5f4101ffff', 'chunks within chunks'],
    ['ff', 'a break alone'],
    ['81ff', 'a break in an array of a known length'],
    ['e0', 'a simple value without a meaning'],
    ['f818', 'a simple value in two bytes'],
    ['c2820102', 'a bignum of something else'],
    [`c25901f4${'01'.repeat(500)}`, 'a bignum of 500 bytes'],
    ['0000', 'two values'],
    ['81'.repeat(65) + '00', 'arrays 65 deep'],
    ['c1'.repeat(65) + '00', 'tags 65 deep'],
  ])('%s is refused: %s', (bytes) => {
    expect(() => decodeCbor(hex(bytes))).toThrow(UnreadableCbor)
  })

  it('never fails otherwise, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), values.chain(mutations)), (bytes) => {
        try {
          decodeCbor(Buffer.from(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableCbor)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the scanner', () => {
  it('finds the end of each value, in whatever pieces its bytes arrive', () => {
    fc.assert(
      fc.property(
        fc.array(values, { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (sent, sizes) => {
          const all = sent.map((value) => encodeCbor(value))
          const bytes = Buffer.concat(all)
          const scanner = new CborScanner()
          const found: number[] = []
          let start = 0
          for (let arrived = 0; arrived < bytes.length;) {
            arrived = Math.min(bytes.length, arrived + (sizes.next().value as number))
            for (
              let end: number | undefined;
              start < arrived && (end = scanner.scan(bytes.subarray(0, arrived), start));
              start = end
            )
              found.push(end - start)
          }
          expect(found).toEqual(all.map((one) => one.length))
        },
      ),
    )
  })

  it('agrees with the reader on what is a value', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), values.chain(mutations)), (bytes) => {
        const end = attempt(() => new CborScanner().scan(bytes, 0))
        const reader = new CborReader(Buffer.from(bytes))
        const isRead = attempt(() => (reader.value(), true)) === true
        if (isRead) expect(end).toBe(reader.offset)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['5a7fffffff', 'bytes of 2 GB'],
    ['9bffffffffffffffff', 'an array of 2^64 values'],
    ['bb00ffffffffffffff', 'a map of 2^56 pairs'],
    ['9f'.repeat(65), 'arrays 65 deep'],
    ['bf01ff', 'a map that ends within a pair'],
    ['81ff', 'a break in an array of a known length'],
    ['7f41', 'bytes within a text'],
  ])('refuses %s before it has come whole: %s', (bytes) => {
    expect(() => new CborScanner().scan(hex(bytes), 0)).toThrow(UnreadableCbor)
  })
})

describe('the writer', () => {
  it('writes texts of every length and alphabet', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(new CborReader(new CborWriter(1).text(text).finish()).text()).toBe(text)
        expect(new CborWriter(1).textBytes(Buffer.from(text)).finish()).toEqual(new CborWriter().text(text).finish())
      }),
    )
  })

  it('writes what has no known length', () => {
    const bytes = new CborWriter().openMap().integer(1).openArray().float(1).close().close().finish()
    expect(bytes.toString('hex')).toBe('bf019ffb3ff0000000000000ffff')
  })
})

/** The value's bytes, of which some were changed, left out or repeated. */
function mutations(value: CborValue): fc.Arbitrary<Uint8Array> {
  const bytes = encodeCbor(value)
  return fc
    .array(fc.tuple(fc.nat({ max: bytes.length }), fc.nat({ max: 255 }), fc.constantFrom('set', 'cut', 'insert')), {
      minLength: 1,
      maxLength: 3,
    })
    .map((edits) => {
      const changed = [...bytes]
      for (const [at, byte, kind] of edits)
        changed.splice(at, kind === 'insert' ? 0 : 1, ...(kind === 'cut' ? [] : [byte]))
      return Uint8Array.from(changed)
    })
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof UnreadableCbor)) throw error
    return undefined
  }
}
