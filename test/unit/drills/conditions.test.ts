import { describe, expect, test } from 'vitest'
import { castOf, type Cast } from '../../../src/drills/definition/cast.ts'
import type { Operation } from '../../../src/drills/definition/drill-record.ts'
import { lacking, type Scene } from '../../../src/drills/run/conditions.ts'

const region = 'us-east-1'

function operation(client: string, startMs: number, more: Partial<Operation>): Operation {
  const common = { kind: 'read', home: region, served: region, key: 'k', shared: false, attempts: 1 } as const
  return { ...common, client, startMs, endMs: startMs + 1, fate: 'acknowledged', ...more }
}

function sceneOf(operations: readonly Operation[]): Scene {
  const cast = castOf({ regions: [region, 'eu-west-1'], roles: { victim: region } }, [region, 'eu-west-1']) as Cast
  const watch = undefined as unknown as Scene['watch']
  return { cast, watch, operations, sinceMs: 100, equal: async () => undefined }
}

const told = async (operations: readonly Operation[], condition: Parameters<typeof lacking>[0]) =>
  await lacking(condition, sceneOf(operations))

describe('a region that is cut off from its majority', () => {
  const refused = [
    operation('writer', 110, { kind: 'write', fate: 'unknown', error: 'no majority' }),
    operation('strong', 120, { strong: true, fate: 'unknown', error: 'no majority' }),
    operation('reader', 130, {}),
  ]
  const before = [operation('writer', 50, { kind: 'write' }), operation('strong', 50, { strong: true })]

  test('refuses writes and strong reads, and answers eventual ones; what was asked before does not count', async () => {
    expect(await told([...before, ...refused], { refused: ['victim'], read: ['victim'] })).toBeUndefined()
  })

  test('does not refuse what one of its clients was answered', async () => {
    expect(await told([...refused, operation('strong', 140, { strong: true })], { refused: [region] })).toBe(
      'strong is answered',
    )
    const failed = operation('reader', 140, { fate: 'refused', error: 'away' })
    expect(await told([...refused, failed], { read: [region] })).toBe('reader is not answered: away')
  })

  test('is not known to before each of its clients has asked', async () => {
    expect(await told([...before, ...refused.slice(0, 1)], { refused: [region] })).toBe(
      'strong has asked nothing since',
    )
    expect(await told([], { read: [region] })).toBe(`${region} has asked nothing since`)
  })
})
