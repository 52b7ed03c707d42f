/** What each write of a request leaves of its item, as far as request and reply tell: what GetItem would answer, or nothing known. */
import type { Item } from '../../core/attribute/value.ts'
import { readInput } from '../../core/wire/input.ts'
import { isObject } from '../../core/wire/json.ts'
import type { Written } from '../core/asks.ts'
import { type Input, keyTextOf, plainItem } from './understood.ts'

export type WriteName = 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'BatchWriteItem' | 'TransactWriteItems'

/** In the order in which the region tells their positions; undefined in the place of what writes nothing. `reply` is its JSON. */
export function writesOf(name: WriteName, body: unknown, reply: () => unknown): readonly (Written | undefined)[] {
  const input = inputOf(name, body)
  if (input === undefined) return []
  switch (name) {
    case 'PutItem':
      return [put(input)]
    case 'DeleteItem':
      return [deleted(input)]
    case 'UpdateItem':
      return [updated(input, reply)]
    case 'BatchWriteItem':
      return Object.entries((input['RequestItems'] ?? {}) as Readonly<Record<string, readonly Input[]>>).flatMap(
        ([table, requests]) => requests.map((request) => requested(table, request)),
      )
    case 'TransactWriteItems':
      return ((input['TransactItems'] ?? []) as readonly Input[]).map(transacted)
    default:
      return name satisfies never
  }
}

/** In form, as the region has taken it: what it has refused is no write. */
function inputOf(name: WriteName, body: unknown): Input | undefined {
  try {
    return readInput(name, body)
  } catch {
    return undefined
  }
}

function put({ TableName, Item: value }: Input): Written | undefined {
  const item = plainItem(value)
  return item === undefined ? undefined : written(TableName, item, false, bodyOf(item))
}

function deleted({ TableName, Key }: Input): Written | undefined {
  const key = plainItem(Key)
  return key === undefined ? undefined : written(TableName, key, true, '{}')
}

/** The reply holds the whole item only when all that is new was asked for. */
function updated({ TableName, Key, ReturnValues }: Input, reply: () => unknown): Written | undefined {
  const key = plainItem(Key)
  if (key === undefined) return undefined
  const answer = ReturnValues === 'ALL_NEW' ? reply() : undefined
  const whole = isObject(answer) && isObject(answer['Attributes']) ? (answer['Attributes'] as Item) : undefined
  return written(TableName, key, true, whole === undefined ? undefined : bodyOf(whole))
}

function requested(TableName: string, { PutRequest, DeleteRequest }: Input): Written | undefined {
  if (isObject(PutRequest)) return put({ TableName, Item: PutRequest['Item'] })
  return isObject(DeleteRequest) ? deleted({ TableName, Key: DeleteRequest['Key'] }) : undefined
}

function transacted({ Put, Update, Delete }: Input): Written | undefined {
  if (isObject(Put)) return put(Put)
  if (isObject(Delete)) return deleted(Delete)
  return isObject(Update) ? updated({ ...Update, ReturnValues: undefined }, () => undefined) : undefined
}

function written(table: unknown, item: Item, exact: boolean, body: string | undefined): Written | undefined {
  if (typeof table !== 'string') return undefined
  return { table, keyOf: (known) => keyTextOf(known, item, exact), body }
}

function bodyOf(item: Item): string {
  return Buffer.from(JSON.stringify({ Item: item })).toString('latin1')
}
