import { BatchGetItemCommand, BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusal, type TestRegion, testRegion } from './region.ts'

let region: TestRegion
let one: string
let other: string
beforeAll(async () => {
  region = await testRegion()
  one = await region.createTable()
  other = await region.createTable()
})
afterAll(() => region.close())

const write = (RequestItems: Record<string, WriteRequest[]>, more: object = {}) =>
  region.client.send(new BatchWriteItemCommand({ RequestItems, ...more }))
const read = (RequestItems: Record<string, object>, more: object = {}) =>
  region.client.send(new BatchGetItemCommand({ RequestItems: RequestItems as never, ...more }))
const put = (pk: string, more: object = {}): WriteRequest => ({ PutRequest: { Item: { pk: { S: pk }, ...more } } })
const remove = (pk: string): WriteRequest => ({ DeleteRequest: { Key: { pk: { S: pk } } } })
const keys = (...names: string[]) => ({ Keys: names.map((name) => ({ pk: { S: name } })) })
const bad = (message: string) => ['ValidationException', message]

describe('BatchWriteItem', () => {
  test('puts and deletes in several tables', async () => {
    const reply = await write({ [one]: [put('a'), put('b')], [other]: [put('c')] }, { ReturnConsumedCapacity: 'TOTAL' })
    expect(reply.UnprocessedItems).toEqual({})
    expect(reply.ConsumedCapacity).toEqual([
      { TableName: one, CapacityUnits: 2 },
      { TableName: other, CapacityUnits: 1 },
    ])
    await write({ [one]: [remove('a'), put('d')] })
    const { Responses } = await read({ [one]: keys('a', 'b', 'd'), [other]: keys('c') })
    expect(Responses?.[one]?.map(({ pk }) => pk?.S).toSorted()).toEqual(['b', 'd'])
    expect(Responses?.[other]).toEqual([{ pk: { S: 'c' } }])
  })

  test('writes nothing when any of it is wrong', async () => {
    expect(await refusal(write({ [one]: [put('x'), { PutRequest: { Item: { other: { S: 'y' } } } }] }))).toEqual(
      bad('The provided key element does not match the schema'),
    )
    expect((await read({ [one]: keys('x') })).Responses).toEqual({ [one]: [] })
  })

  test('refuses too many, the same key twice, and tables that are not there', async () => {
    const many = Array.from({ length: 13 }, (_, n) => put(`${n}`))
    expect(await refusal(write({ [one]: many, [other]: many }))).toEqual(
      bad('Too many items requested for the BatchWriteItem call'),
    )
    expect(await refusal(write({ [one]: [put('x'), remove('x')] }))).toEqual(
      bad('Provided list of item keys contains duplicates'),
    )
    expect(await refusal(write({ 'no-such-table': [put('x')] }))).toEqual([
      'ResourceNotFoundException',
      'Requested resource not found',
    ])
  })
})

describe('BatchGetItem', () => {
  test('projects, and leaves out what is not there', async () => {
    await write({ [one]: [put('p', { a: { S: '1' }, b: { S: '2' } })] })
    const asked = { ...keys('p', 'missing'), ProjectionExpression: '#a', ExpressionAttributeNames: { '#a': 'a' } }
    const reply = await read({ [one]: asked }, { ReturnConsumedCapacity: 'TOTAL' })
    expect(reply.Responses).toEqual({ [one]: [{ a: { S: '1' } }] })
    expect(reply.UnprocessedKeys).toEqual({})
    expect(reply.ConsumedCapacity).toEqual([{ TableName: one, CapacityUnits: 1 }])
  })

  test('refuses too many and duplicates', async () => {
    expect(await refusal(read({ [one]: keys('a', 'a') }))).toEqual(
      bad('Provided list of item keys contains duplicates'),
    )
    const many = keys(...Array.from({ length: 51 }, (_, n) => `${n}`))
    expect(await refusal(read({ [one]: many, [other]: many }))).toEqual(
      bad('Too many items requested for the BatchGetItem call'),
    )
  })

  test('gives back the keys beyond 16 MB', async () => {
    const names = Array.from({ length: 45 }, (_, n) => `large-${n}`)
    for (const name of names) await write({ [other]: [put(name, { data: { S: 'x'.repeat(390 * 1024) } })] })
    const seen: string[] = []
    let asked: Record<string, object> | undefined = { [other]: keys(...names) }
    let pages = 0
    while (asked !== undefined && Object.keys(asked).length > 0) {
      const reply: Awaited<ReturnType<typeof read>> = await read(asked)
      seen.push(...(reply.Responses?.[other] ?? []).map(({ pk }) => pk?.S ?? ''))
      asked = reply.UnprocessedKeys
      pages++
    }
    expect(seen.toSorted()).toEqual(names.toSorted())
    expect(pages).toBe(2)
  })
})
