/** Records of a change stream as the page shows them. */
import { describe, expect, test } from 'vitest'
import { recordOf, withNewer } from '../../../src/console/model/stream-records.ts'

const record = (id: string) => ({
  eventID: id,
  eventName: 'MODIFY',
  dynamodb: {
    Keys: { id: { S: id } },
    OldImage: { id: { S: id }, n: { N: '12345678901234567890123456789012345678' } },
    NewImage: { id: { S: id } },
    ApproximateCreationDateTime: 1_800_000_000,
    SizeBytes: 42,
  },
})

describe('records of a change stream', () => {
  test('keep their images exact, and say who deleted by time to live', () => {
    expect(recordOf(record('a'))).toEqual({
      id: 'a',
      event: 'MODIFY',
      atMs: 1_800_000_000_000,
      keys: { id: { S: 'a' } },
      before: { id: { S: 'a' }, n: { N: '12345678901234567890123456789012345678' } },
      after: { id: { S: 'a' } },
      bytes: 42,
      byTimeToLive: false,
    })
    const userIdentity = { type: 'Service', principalId: 'dynamodb.amazonaws.com' }
    expect(recordOf({ ...record('b'), userIdentity })?.byTimeToLive).toBe(true)
  })

  test('are shown the newest first, the oldest go when there are too many, and what is none is left out', () => {
    const first = withNewer([], [record('a'), 'something else', record('b')], 3)
    expect(first.map(({ id }) => id)).toEqual(['b', 'a'])
    expect(withNewer(first, [record('c'), record('d')], 3).map(({ id }) => id)).toEqual(['d', 'c', 'b'])
  })
})
