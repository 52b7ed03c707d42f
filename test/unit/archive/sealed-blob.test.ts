import { describe, expect, test } from 'vitest'
import { FrameWriter, framesIn } from '../../../src/core/archive/length-frames.ts'
import { BlobUnusable, openBlob, sealBlob } from '../../../src/core/archive/sealed-blob.ts'

const content = Buffer.from('some rows')

describe('a sealed blob', () => {
  test('gives back what was written', () => {
    expect(openBlob('a/1', sealBlob('a/1', [content.subarray(0, 4), content.subarray(4)]))).toEqual(content)
  })

  test('is refused by its name wherever it is cut off', () => {
    const bytes = sealBlob('a/1', [content])
    for (let length = 0; length < bytes.length; length++)
      expect(() => openBlob('a/1', bytes.subarray(0, length))).toThrow(
        /the blob a\/1 is not used: it is (torn|no blob)/,
      )
  })

  test('is refused with any byte changed', () => {
    const bytes = sealBlob('a/1', [content])
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ 0x20
      expect(() => openBlob('a/1', changed)).toThrow(BlobUnusable)
    }
  })

  test('is refused under another name, and with more behind it', () => {
    const bytes = sealBlob('a/1', [content])
    expect(() => openBlob('a/2', bytes)).toThrow('the blob a/2 is not used: it was written as a/1')
    expect(() => openBlob('a/1', Buffer.concat([bytes, Buffer.of(0)]))).toThrow('torn')
  })
})

test('frames give back the pieces, and a cut one is refused', () => {
  const writer = new FrameWriter()
  for (const piece of ['', 'a', 'bcd']) writer.add(Buffer.from(piece))
  expect(writer.sizeBytes).toBe(16)
  const bytes = Buffer.concat(writer.take())
  expect([...framesIn(bytes)].map(String)).toEqual(['', 'a', 'bcd'])
  expect(writer.sizeBytes).toBe(0)
  expect(() => [...framesIn(bytes.subarray(0, 14))]).toThrow(RangeError)
})
