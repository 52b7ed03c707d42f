import { expect, it } from 'vitest'
import { requestIds } from '../../../src/http/request-id.ts'

const idsAtOnce = 128

it('a request id has 52 characters of base-32, of which the last 26 are always the same', () => {
  let drawn = 0
  const ids = requestIds({ bytes: (size) => Buffer.from(Array.from({ length: size }, () => drawn++ % 251)) })
  const found = Array.from({ length: 3 * idsAtOnce }, () => ids())
  for (const id of found) expect(id).toMatch(/^[0-9A-V]{26}VV4KQNSO5AEMVJF66Q9ASUAAJG$/)
  expect(found[0]).toBe('0123456789ABCDEFGHIJKLMNOPVV4KQNSO5AEMVJF66Q9ASUAAJG')
  // Each byte is used once: the ids go on where the one before has ended, in the next block too.
  const text = Array.from({ length: found.length * 26 }, (_, n) => ((n % 251) & 31).toString(32).toUpperCase()).join('')
  expect(found.map((id) => id.slice(0, 26)).join('')).toBe(text)
  expect(drawn).toBe(found.length * 26)
})
