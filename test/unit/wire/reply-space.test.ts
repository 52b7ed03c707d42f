import { describe, expect, test } from 'vitest'
import { replyBlockBytes, replyBlocksMax } from '../../../src/core/limits/wire-limits.ts'
import { ReplySpace } from '../../../src/http/bytes/reply-space.ts'

const quarter = replyBlockBytes / 4

/** The bytes that it has given. */
function placed(space: ReplySpace, sizeBytes: number): Buffer {
  const { memory, start } = space.place(sizeBytes)
  expect(start + sizeBytes).toBeLessThanOrEqual(memory.length)
  return memory.subarray(start, start + sizeBytes)
}

describe('the space of replies', () => {
  test('is used again once all replies are written', () => {
    const space = new ReplySpace()
    const first = Array.from({ length: 6 }, () => placed(space, quarter))
    expect(new Set(first.map(({ buffer }) => buffer)).size).toBe(2)
    // None overlaps another.
    first.forEach((place, n) => place.fill(n))
    first.forEach((place, n) => expect(place.every((byte) => byte === n)).toBe(true))
    space.release()
    const again = Array.from({ length: 6 }, () => placed(space, quarter))
    expect(new Set(again.map(({ buffer }) => buffer))).toEqual(new Set(first.map(({ buffer }) => buffer)))
  })

  test('is left to a socket that has not passed on all of a reply', () => {
    const space = new ReplySpace()
    const kept = placed(space, 10).fill(1)
    space.leave(kept)
    space.release()
    const next = placed(space, 10).fill(2)
    expect(next.buffer).not.toBe(kept.buffer)
    expect(kept.every((byte) => byte === 1)).toBe(true)
    space.release()
    expect(placed(space, 10).buffer).toBe(next.buffer)
  })

  test('has no room for a large reply, and keeps no more blocks than it may', () => {
    const space = new ReplySpace()
    expect(placed(space, replyBlockBytes).buffer).not.toBe(placed(space, 10).buffer)
    const blocks = Array.from({ length: 2 * (replyBlocksMax + 5) }, () => placed(space, replyBlockBytes / 2).buffer)
    space.release()
    const before = new Set(blocks)
    const again = Array.from({ length: 2 * (replyBlocksMax + 5) }, () => placed(space, replyBlockBytes / 2).buffer)
    expect(new Set(again.filter((buffer) => before.has(buffer))).size).toBe(replyBlocksMax)
  })
})
