/** How many tables may be made, changed or removed at a time: 500 (developer guide). The number in the words is guessed; 10 was seen long ago. */
import { expect, test } from 'vitest'
import { timings } from '../../../src/core/table/waits.ts'
import { createTable } from '../../../src/operations/tables/create-table.ts'
import { openRegion, regionNames } from '../engine/region.ts'

const region = async (timing: keyof typeof timings) => {
  const { engine, env, clock } = await openRegion('us-east-1')
  const settings = { accountId: '000000000000', globalTables2017: false, region: 'us-east-1', regions: regionNames }
  // No caretaker runs: every table stays CREATING.
  return { engine, env, clock, settings: { ...settings, timing: timings[timing], streamRetentionMs: 0 } }
}

const input = (n: number) => ({
  TableName: `table-${n}`,
  BillingMode: 'PAY_PER_REQUEST' as const,
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
})

test('with AWS’s timing the table after five hundred waits', async () => {
  const context = await region('aws')
  for (let n = 0; n < 500; n++) await createTable.run(input(n), context)
  await expect(createTable.run(input(500), context)).rejects.toThrow(
    'Subscriber limit exceeded: Only 500 tables can be created, updated, or deleted simultaneously',
  )
  context.clock.wall += 7000
  await createTable.run(input(500), context)
})

test('with the instant timing nothing waits', async () => {
  const context = await region('instant')
  for (let n = 0; n <= 500; n++) await createTable.run(input(n), context)
})
