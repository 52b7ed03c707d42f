import { describe, expect, test } from 'vitest'
import { smallPieceBytesMax } from '../../../src/core/limits/limits.ts'
import { ReceivedBytes } from '../../../src/http/bytes/received-bytes.ts'

/** Like a packet that was read from a socket: its memory is its own. */
const packet = (sizeBytes: number, filler = 'x'): Buffer => Buffer.from(new ArrayBuffer(sizeBytes)).fill(filler)

function gathered(pieces: readonly Buffer[]): ReceivedBytes {
  const received = new ReceivedBytes()
  for (const piece of pieces) received.add(piece)
  return received
}

describe('bytes that arrive in pieces', () => {
  test('are whole in their order, whatever the sizes of the pieces', () => {
    const sizes = [1, 300, smallPieceBytesMax, 5, 70_000, 1, 1, smallPieceBytesMax - 1, 20_000]
    const pieces = sizes.map((size, n) => packet(size, String(n)))
    const received = gathered(pieces)
    expect(received.sizeBytes).toBe(sizes.reduce((sum, size) => sum + size, 0))
    expect(received.whole().equals(Buffer.concat(pieces))).toBe(true)
    received.add(Buffer.from('more'))
    expect(received.whole().equals(Buffer.concat([...pieces, Buffer.from('more')]))).toBe(true)
  })

  test('are what they were, when more is added to what has been taken', () => {
    const received = gathered([packet(10, 'a'), packet(10, 'b')])
    const whole = received.whole()
    const text = whole.toString()
    for (let n = 0; n < 1000; n++) received.add(packet(1, 'c'))
    expect(whole.toString()).toBe(text)
    received.clear()
    expect([received.sizeBytes, received.whole().length, received.heldBytes]).toEqual([0, 0, 0])
  })

  test('cost no more than twice their number, 200,000 single ones too', () => {
    const received = new ReceivedBytes()
    const single = packet(2).subarray(1)
    for (let n = 0; n < 200_000; n++) received.add(single)
    expect(received.sizeBytes).toBe(200_000)
    expect(received.heldBytes).toBeLessThan(2 * received.sizeBytes)
  })

  test('do not keep the packets that they were cut from', () => {
    const received = gathered(Array.from({ length: 100 }, () => packet(65_536).subarray(0, 10)))
    expect(received.sizeBytes).toBe(1000)
    expect(received.heldBytes).toBeLessThan(4096)
  })

  test('are not copied when one packet brings them all', () => {
    const only = packet(200)
    expect(gathered([only]).whole()).toBe(only)
  })
})
