/** Registers and counters as items of a table with the partition key `id`, asked for through the AWS SDK. */
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Action, Value } from './history.ts'
import type { Told } from './recorder.ts'
import type { Request } from './workload.ts'

type Item = Record<string, AttributeValue>

/** Errors that say for certain that nothing was written, and nothing of the item. */
const refusing = new Set([
  'ReplicatedWriteConflictException',
  'ResourceNotFoundException',
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
])

/** The client must not try again by itself: what is attempted twice may happen twice. An answer that is no answer is unknown. */
export async function ask(client: DynamoDBClient, TableName: string, request: Request): Promise<Told> {
  try {
    return await asked(client, TableName, request)
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return { outcome: 'fail', value: valueOf(error.Item) }
    const name = error instanceof Error ? error.name : String(error)
    if (name === 'ValidationException') throw error
    return { outcome: refusing.has(name) ? 'refused' : 'unknown' }
  }
}

async function asked(client: DynamoDBClient, TableName: string, request: Request): Promise<Told> {
  const { key, action, isEventual } = request
  const Key = { id: { S: key } }
  if (action.op === 'read') {
    const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: !isEventual }))
    return { outcome: 'ok', value: valueOf(Item) }
  }
  const common = { TableName, ...conditionOf(action), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const
  if (action.op === 'add') {
    const values = { ...common.ExpressionAttributeValues, ':by': { N: String(action.by) } }
    const add = { ...common, Key, UpdateExpression: 'ADD n :by', ExpressionAttributeValues: values }
    const { Attributes } = await client.send(new UpdateItemCommand({ ...add, ReturnValues: 'UPDATED_NEW' }))
    return { outcome: 'ok', value: valueOf(Attributes) }
  }
  const command =
    action.to === null
      ? new DeleteItemCommand({ ...common, Key, ReturnValues: 'ALL_OLD' })
      : new PutItemCommand({ ...common, Item: { ...Key, ...held(action.to) }, ReturnValues: 'ALL_OLD' })
  const { Attributes } = await client.send(command as PutItemCommand)
  return { outcome: 'ok', value: valueOf(Attributes) }
}

type Condition = {
  readonly ConditionExpression?: string
  readonly ExpressionAttributeValues?: Item
}

function conditionOf(action: Exclude<Action, { readonly op: 'read' }>): Condition {
  if (action.op === 'write') return {}
  if (action.op === 'add') {
    if (action.below === undefined) return {}
    const ConditionExpression = 'attribute_not_exists(id) OR n < :below'
    return { ConditionExpression, ExpressionAttributeValues: { ':below': { N: String(action.below) } } }
  }
  if (action.from === null) return { ConditionExpression: 'attribute_not_exists(id)' }
  return { ConditionExpression: 'v = :from', ExpressionAttributeValues: { ':from': { S: String(action.from) } } }
}

const held = (value: string | number): Item =>
  typeof value === 'number' ? { n: { N: String(value) } } : { v: { S: value } }

function valueOf(item: Item | undefined): Value {
  const { v, n } = item ?? {}
  return v?.S ?? (n?.N === undefined ? null : Number(n.N))
}
