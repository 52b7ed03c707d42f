import { describe, expect, test } from 'vitest'
import { isInShare, traceParentIn } from '../../../src/core/tracing/traceparent.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'

describe('a traceparent', () => {
  test('names the trace, the client’s span, and whether it is sampled', () => {
    expect(traceParentIn(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, isSampled: true })
    expect(traceParentIn(`00-${traceId}-${spanId}-02`)?.isSampled).toBe(false)
    expect(traceParentIn(`cc-${traceId}-${spanId}-01-what-comes-later`)?.traceId).toBe(traceId)
  })

  test.each([
    undefined,
    '',
    ['a', 'b'],
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01-more`,
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
  ])('is not %j', (header) => {
    expect(traceParentIn(header)).toBeUndefined()
  })
})

test('a share of traces is that share of their ids', () => {
  const ids = Array.from(
    { length: 1000 },
    (_, n) =>
      `${'0'.repeat(24)}${Math.floor((n / 1000) * 2 ** 32)
        .toString(16)
        .padStart(8, '0')}`,
  )
  expect(ids.filter((id) => isInShare(id, 0.25))).toHaveLength(250)
  expect(ids.filter((id) => isInShare(id, 0))).toHaveLength(0)
  expect(ids.filter((id) => isInShare(id, 1))).toHaveLength(1000)
})
