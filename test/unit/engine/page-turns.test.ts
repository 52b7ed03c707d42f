/** Replies that take several turns of the event loop say the same as those that take one, and small ones make no promise. */
import { timings } from '../../../src/core/table/waits.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import type { Table } from '../../../src/core/table/table.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { batchGetItem } from '../../../src/operations/batches/batch-get-item.ts'
import { scan } from '../../../src/operations/items/scan.ts'
import { type Operation, type OperationContext, Rendered } from '../../../src/operations/operation.ts'
import { prepared, requestContext } from '../../../src/operations/stages.ts'
import { executeStatement } from '../../../src/operations/partiql/execute-statement.ts'
import { transactGetItems } from '../../../src/operations/transactions/transact-get-items.ts'
import { itemOf, makeTable, openRegion, put, regionNames } from './region.ts'

const [us] = regionNames
const rows = 6000

describe('a reply in several turns', () => {
  let engine: Engine
  let context: OperationContext
  let large: Table

  function perform<Input, Ready, Output>(operation: Operation<Input, Ready, Output>, input: Input) {
    return operation.run(prepared(operation, input, context), requestContext(context))
  }

  beforeAll(async () => {
    ;({ engine } = await openRegion(us))
    const table = await makeTable(engine, 'T')
    large = await makeTable(engine, 'L')
    const settings = {
      accountId: '000000000000',
      region: us,
      regions: [us],
      timing: timings.instant,
      streamRetentionMs: 0,
    }
    context = {
      engine,
      env: { clock: systemClock, meter: { observe: () => undefined } },
      settings,
    } as unknown as OperationContext
    const items = Array.from({ length: rows }, (_, n) => itemOf('a', n, { half: { N: String(n % 2) } }))
    await engine.commitEach(items.map((item) => put(table, item)))
    const members = { L: Array.from({ length: 5000 }, () => ({ N: '1' })) }
    await engine.commitEach(Array.from({ length: 60 }, (_, n) => put(large, itemOf('a', n, { members }))))
  })

  it('of Scan has all items, filtered and projected too', async () => {
    const whole = perform(scan, { TableName: 'T' })
    expect(whole).toBeInstanceOf(Promise)
    const items = membersOf(await whole)['Items'] as unknown[]
    expect(items.map(sortKeyOf)).toEqual(Array.from({ length: rows }, (_, n) => n))
    const asked = {
      TableName: 'T',
      FilterExpression: 'half = :one',
      ProjectionExpression: 'sk',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    }
    const half = membersOf(await perform(scan, asked))
    expect(half).toMatchObject({ Count: rows / 2, ScannedCount: rows })
    expect((half['Items'] as unknown[]).slice(0, 2)).toEqual([{ sk: { N: '1' } }, { sk: { N: '3' } }])
  })

  it('of a statement has all items and only its columns', async () => {
    const statement = perform(executeStatement, { Statement: 'SELECT sk FROM T' })
    expect(statement).toBeInstanceOf(Promise)
    const items = membersOf(await statement)['Items'] as unknown[]
    expect(items.length).toBe(rows)
    expect(items.at(-1)).toEqual({ sk: { N: String(rows - 1) } })
  })

  it('of a batch or transaction has every item in its place', async () => {
    const keys = Array.from({ length: 60 }, (_, n) => ({ pk: { S: 'a' }, sk: { N: String(n) } }))
    const batch = perform(batchGetItem, { RequestItems: { L: { Keys: keys, ProjectionExpression: 'sk' } } })
    expect(batch).toBeInstanceOf(Promise)
    expect(membersOf(await batch)).toEqual({
      Responses: { L: keys.map(({ sk }) => ({ sk })) },
      UnprocessedKeys: {},
    })
    const gets = keys.map((Key) => ({ Get: { TableName: 'L', Key, ProjectionExpression: 'sk' } }))
    const together = perform(transactGetItems, { TransactItems: gets })
    expect(together).toBeInstanceOf(Promise)
    expect(membersOf(await together)).toEqual({ Responses: keys.map(({ sk }) => ({ Item: { sk } })) })
  })

  it('gives the rest of a batch back when its table goes in between', async () => {
    const keys = Array.from({ length: 60 }, (_, n) => ({ pk: { S: 'a' }, sk: { N: String(n) } }))
    const batch = perform(batchGetItem, { RequestItems: { L: { Keys: keys, ProjectionExpression: 'sk' } } })
    await engine.define(large.id, [{ register: 'local/status', value: { status: 'DELETING', sinceMs: 0 } }])
    const output = membersOf(await batch) as {
      readonly Responses: { readonly L: readonly unknown[] }
      readonly UnprocessedKeys: { readonly L: { readonly Keys: readonly unknown[] } }
    }
    const told = output.Responses.L.length
    const left = output.UnprocessedKeys.L.Keys.length
    expect(told).toBeGreaterThan(0)
    expect(left).toBeGreaterThan(0)
    expect(told + left).toBe(60)
  })

  it('is none of a small one', () => {
    expect(perform(scan, { TableName: 'T', Limit: 500 })).toBeInstanceOf(Rendered)
  })
})

function membersOf(output: unknown): Record<string, unknown> {
  if (!(output instanceof Rendered)) throw new Error('a reply that is not rendered')
  return JSON.parse(output.bytes.toString()) as Record<string, unknown>
}

function sortKeyOf(item: unknown): number {
  return Number((item as { readonly sk: { readonly N: string } }).sk.N)
}
