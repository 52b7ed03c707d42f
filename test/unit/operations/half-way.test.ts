/** A batch of which a part fails: what became durable is answered as done, and the rest is given back. */
import { timings } from '../../../src/core/table/waits.ts'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { ServiceError } from '../../../src/core/errors.ts'
import type { Table } from '../../../src/core/table/table.ts'
import { rowKey } from '../../../src/engine/store/keys.ts'
import { batchWriteItem } from '../../../src/operations/batches/batch-write-item.ts'
import type { RequestContext } from '../../../src/operations/operation.ts'
import { batchExecuteStatement } from '../../../src/operations/partiql/batch-execute-statement.ts'
import { Spent } from '../../../src/operations/spent.ts'
import { StoreFull } from '../../../src/ports/store.ts'
import { del, itemAt, itemOf, makeTable, openRegion, put, type TestRegion } from '../engine/region.ts'

const oneRegion = { region: 'us-east-1', regions: ['us-east-1'] }
const settings = {
  accountId: '000000000000',
  globalTables2017: true,
  timing: timings.instant,
  streamRetentionMs: 0,
  ...oneRegion,
}

type Fault = { error?: Error }
type Setting = TestRegion & { readonly context: RequestContext; readonly table: Table; readonly store: MemoryStore }

async function setting(fault: Fault): Promise<Setting> {
  const store = new MemoryStore({
    durable: async () => {
      if (fault.error !== undefined) throw fault.error
    },
  })
  const region = await openRegion('us-east-1', store)
  const table = await makeTable(region.engine, 't')
  await region.engine.commit([1, 2, 3].map((sk) => put(table, itemOf('p', sk))))
  return {
    ...region,
    store,
    table,
    context: { engine: region.engine, env: region.env, settings, principal: undefined, spent: new Spent() },
  }
}

async function damage({ store, table }: Setting, sk: number): Promise<void> {
  const key = rowKey(table.number, del(table, itemOf('p', sk)).key)
  const row = Buffer.from(store.get(key) ?? [])
  row[row.length - 3] = (row[row.length - 3] ?? 0) ^ 0xff
  await store.write([{ key, value: row }])
}

const executed = (Statements: { Statement: string }[], context: RequestContext) =>
  batchExecuteStatement.run(batchExecuteStatement.prepare({ Statements }), context)
const removal = (sk: number) => ({ DeleteRequest: { Key: itemOf('p', sk) } })
const statement = (sk: number) => ({ Statement: `DELETE FROM t WHERE pk = 'p' AND sk = ${sk}` })

describe('BatchWriteItem', () => {
  test('a damaged row among others is given back as unprocessed, and the others are done', async () => {
    const made = await setting({})
    await damage(made, 2)
    const RequestItems = { t: [removal(1), removal(2), removal(3)] }
    const reply = await batchWriteItem.run({ RequestItems }, made.context)
    expect(reply).toMatchObject({ UnprocessedItems: { t: [removal(2)] } })
    expect(made.context.spent.report('by-table', 'TOTAL')).toEqual([{ TableName: 't', CapacityUnits: 2 }])
    for (const sk of [1, 3]) expect(itemAt(made.engine, made.table, itemOf('p', sk))).toBeUndefined()
  })

  test('what a disk that is behind does not take any more is given back as unprocessed', async () => {
    const made = await setting({})
    const { engine } = made.context
    const failed = new ServiceError('ServiceUnavailable', 'The disk does not keep up with the writes.')
    // Real ones would have to wait for 256 MB of others.
    const commitEach: typeof engine.commitEach = async ([first, ...rest]) => [
      ...(await engine.commitEach(first === undefined ? [] : [first])),
      ...rest.map(() => ({ accepted: false as const, failed })),
    ]
    const behind = { commitEach, tableNamed: (name: string) => engine.tableNamed(name) } as typeof engine
    const RequestItems = { t: [removal(1), removal(2), removal(3)] }
    const reply = await batchWriteItem.run({ RequestItems }, { ...made.context, engine: behind })
    expect(reply).toEqual({ UnprocessedItems: { t: [removal(2), removal(3)] } })
    expect(itemAt(made.engine, made.table, itemOf('p', 1))).toBeUndefined()
  })

  test('nothing was stored: an error, and no item is there', async () => {
    const fault: Fault = {}
    const { engine, table, context } = await setting(fault)
    fault.error = new StoreFull('no space left on device')
    const replied = batchWriteItem.run({ RequestItems: { t: [removal(1), removal(2)] } }, context)
    await expect(replied).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    for (const sk of [1, 2]) expect(itemAt(engine, table, itemOf('p', sk))).toBeDefined()
  })

  test('nothing but a damaged row was asked for: an error', async () => {
    const made = await setting({})
    await damage(made, 2)
    await expect(batchWriteItem.run({ RequestItems: { t: [removal(2)] } }, made.context)).rejects.toThrow('damaged')
  })
})

describe('BatchExecuteStatement', () => {
  test('a damaged row fails its own statement', async () => {
    const made = await setting({})
    await damage(made, 2)
    const Statements = [statement(1), statement(2), statement(3)]
    expect(await executed(Statements, made.context)).toEqual({
      Responses: [
        { TableName: 't' },
        { TableName: 't', Error: { Code: 'InternalServerError', Message: 'Internal server error' } },
        { TableName: 't' },
      ],
    })
    for (const sk of [1, 3]) expect(itemAt(made.engine, made.table, itemOf('p', sk))).toBeUndefined()
    expect(made.logged).toContain('a statement of a batch failed')
  })

  test('a disk that refuses the batch fails each statement, and no item is gone', async () => {
    const fault: Fault = {}
    const { engine, table, context } = await setting(fault)
    fault.error = new StoreFull('no space left on device')
    const reply = await executed([statement(1), statement(2)], context)
    expect(reply).toMatchObject({ Responses: [{ Error: { Code: 'InternalServerError' } }, { Error: {} }] })
    for (const sk of [1, 2]) expect(itemAt(engine, table, itemOf('p', sk))).toBeDefined()
  })
})
