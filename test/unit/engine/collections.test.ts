import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sizeOfItem } from '../../../src/core/attribute/size.ts'
import type { Item } from '../../../src/core/attribute/value.ts'
import { partitionPrefix } from '../../../src/core/key/primary-key.ts'
import type { Table } from '../../../src/core/table/table.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { attributeNamed, del, itemAt, itemOf, makeTable, openRegion, put } from './region.ts'

const byColor = {
  kind: 'local',
  key: { partition: [attributeNamed('pk')], sort: [attributeNamed('color')] },
} as const

async function withCollections(itemCollectionSizeBytesMax: number): Promise<{ engine: Engine; table: Table }> {
  const { engine } = await openRegion('us-east-1', undefined, { itemCollectionSizeBytesMax })
  return { engine, table: await makeTable(engine, 'T', { indexes: { byColor } }) }
}

const colored = (pk: string, sk: number, color: string): Item => itemOf(pk, sk, { color: { S: color } })

describe('an item collection', () => {
  it('is as large as its items and their local index rows, whatever was written', async () => {
    const step = fc.record({
      pk: fc.constantFrom('a', 'b'),
      sk: fc.nat(3),
      becomes: fc.constantFrom('removed', 'plain', 'red', 'ultramarine'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { engine, table } = await withCollections(10 ** 9)
        const shares = new Map<string, number>()
        for (const { pk, sk, becomes } of steps) {
          const plain = itemOf(pk, sk)
          const item = becomes === 'plain' ? plain : colored(pk, sk, becomes)
          await engine.commit([becomes === 'removed' ? del(table, plain) : put(table, item)])
          const rows = becomes === 'removed' ? 0 : becomes === 'plain' ? 1 : 2
          shares.set(`${pk}${sk}`, rows * sizeOfItem(item))
        }
        for (const pk of ['a', 'b']) {
          const expected = [...shares].reduce((sum, [key, share]) => (key.startsWith(pk) ? sum + share : sum), 0)
          expect(engine.collectionSizeBytes(table, partitionPrefix(table.key, itemOf(pk, 0)))).toBe(expected)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('takes no write past its limit; smaller ones, and other partitions, go on', async () => {
    const { engine, table } = await withCollections(200)
    const accepts = async (item: Item): Promise<boolean> => (await engine.commit([put(table, item)])).accepted
    expect(await accepts(colored('a', 1, 'x'.repeat(80)))).toBe(true)
    expect(await engine.commit([put(table, colored('a', 2, 'y'))])).toMatchObject({
      accepted: false,
      refusals: [{ refused: 'collection-size', message: 'Collection size exceeded.' }],
    })
    expect(itemAt(engine, table, itemOf('a', 2))).toBeUndefined()
    expect(await accepts(colored('b', 1, 'y'))).toBe(true)
    expect(await accepts(colored('a', 1, 'x'))).toBe(true)
    expect(await accepts(colored('a', 2, 'y'))).toBe(true)
  })

  it('takes no transaction past its limit, all its writes together', async () => {
    const { engine, table } = await withCollections(150)
    const one = (sk: number) => put(table, colored('a', sk, 'x'.repeat(20)))
    expect((await engine.commit([one(1)])).accepted).toBe(true)
    expect(await engine.commit([one(2), one(3)])).toMatchObject({
      accepted: false,
      refusals: [undefined, { refused: 'collection-size' }],
    })
    expect((await engine.commit([del(table, itemOf('a', 1)), one(2)])).accepted).toBe(true)
  })
})
