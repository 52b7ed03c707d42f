/** Regions in which a write gets lost, and what was done to them, line by line. */
import { DynamoDBClient, DynamoDBServiceException } from '@aws-sdk/client-dynamodb'
import {
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import type { Cluster, FaultSettings } from '../../../src/testing/cluster-api.ts'

export const table = {
  TableName: 'Orders',
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
}

export type Region = 'Virginia' | 'Ireland' | 'Tokyo'
export const regionNames: Readonly<Record<Region, string>> = {
  Virginia: 'us-east-1',
  Ireland: 'eu-west-1',
  Tokyo: 'ap-northeast-1',
}

type Item = Readonly<Record<string, unknown>>
const { TableName } = table
export const id = '1'

/** Each method does one thing, and notes it in words that stand on the page. */
export class Scene {
  readonly lines: string[] = []
  readonly #cluster: Cluster
  readonly #clients = new Map<Region, DynamoDBDocumentClient>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async put(region: Region, item: Item, condition?: string): Promise<void> {
    const Item = { id, ...item }
    const more = condition === undefined ? {} : { ConditionExpression: condition }
    await this.#told(region, `put ${show(item)}${condition === undefined ? '' : ` if ${condition}`}`, (client) =>
      client.send(new PutCommand({ TableName, Item, ...more })),
    )
  }

  /** Values are named by their place: `SET n = :1`. */
  async update(region: Region, expression: string, ...values: readonly unknown[]): Promise<void> {
    const [UpdateExpression = '', ConditionExpression] = expression.split(' if ')
    const given = Object.fromEntries(values.map((value, index) => [`:${index + 1}`, value]))
    const text = expression.replaceAll(/:(\d)/g, (_, place: string) => show(values[Number(place) - 1]))
    await this.#told(region, `update ${text}`, (client) =>
      client.send(
        new UpdateCommand({
          TableName,
          Key: { id },
          UpdateExpression,
          ...(values.length === 0 ? {} : { ExpressionAttributeValues: given }),
          ...(ConditionExpression === undefined ? {} : { ConditionExpression }),
        }),
      ),
    )
  }

  async delete(region: Region): Promise<void> {
    await this.#told(region, 'delete', (client) => client.send(new DeleteCommand({ TableName, Key: { id } })))
  }

  async get(region: Region): Promise<Item | undefined> {
    const { Item } = await this.#client(region).send(new GetCommand({ TableName, Key: { id } }))
    this.#note(region, `get → ${show(Item === undefined ? undefined : withoutId(Item))}`)
    return Item
  }

  async transact(region: Region, items: Readonly<Record<string, Item>>): Promise<void> {
    const TransactItems = Object.entries(items).map(([key, item]) => ({
      Put: { TableName, Item: { id: key, ...item } },
    }))
    const text = Object.entries(items).map(([key, item]) => `${key} ${show(item)}`)
    await this.#told(region, `transaction: put ${text.join(', put ')}`, (client) =>
      client.send(new TransactWriteCommand({ TransactItems })),
    )
  }

  /** The client does not look at what comes back unprocessed. */
  async batch(region: Region, items: Readonly<Record<string, Item>>): Promise<void> {
    const writes = Object.entries(items).map(([key, item]) => ({ PutRequest: { Item: { id: key, ...item } } }))
    const { UnprocessedItems } = await this.#client(region).send(
      new BatchWriteCommand({ RequestItems: { [TableName]: writes } }),
    )
    const left = UnprocessedItems?.[TableName]?.length ?? 0
    this.#note(region, `batch of ${writes.length} → 200 OK, ${left} unprocessed, which the client does not look at`)
  }

  cut(from: Region = 'Virginia', to: Region = 'Ireland'): void {
    this.#cluster.link(regionNames[from], regionNames[to]).cut()
    this.say(`the link ${from} to ${to} is cut`)
  }

  async heal(from: Region = 'Virginia', to: Region = 'Ireland'): Promise<void> {
    this.#cluster.link(regionNames[from], regionNames[to]).heal()
    this.say('the link is healed')
    await this.#cluster.settle()
  }

  async later(time: string): Promise<void> {
    await this.#cluster.advance(time)
    this.say(`${time} later`)
  }

  /** Without a line: everything arrives. */
  async settle(): Promise<void> {
    await this.#cluster.settle()
  }

  skew(region: Region, ms: number): void {
    this.#cluster.region(regionNames[region]).skew(ms)
    this.say(`the clock of ${region} is ${ms} ms ahead`)
  }

  kill(region: Region): void {
    this.#cluster.region(regionNames[region]).kill()
    this.say(`${region} is lost`)
  }

  async restart(region: Region): Promise<void> {
    await this.#cluster.region(regionNames[region]).restart()
    this.say(`${region} is back`)
    await this.#cluster.settle()
  }

  fault(region: Region, fault: FaultSettings, text: string): void {
    this.#cluster.region(regionNames[region]).faults.set(fault)
    this.say(`${region} ${text}`)
  }

  clear(region: Region): void {
    this.#cluster.region(regionNames[region]).faults.clear()
  }

  say(text: string): void {
    this.lines.push(`— ${text} —`)
  }

  /** What the clients find, and what the regions have kept of what was lost. */
  async end(keys: readonly string[] = [id]): Promise<void> {
    await this.#cluster.settle()
    await this.#cluster.assertConverged()
    const client = this.#client('Virginia')
    for (const key of keys) {
      const { Item } = await client.send(new GetCommand({ TableName, Key: { id: key } }))
      this.#note(
        'in the end',
        `${keys.length === 1 ? '' : `${key} `}${show(Item === undefined ? undefined : withoutId(Item))}`,
      )
    }
    const told = this.#cluster.conflicts(TableName)
    if (told.length === 0) this.#note('the feed', 'nothing')
    for (const { winner, loser, won, lost, kind } of told)
      this.#note(
        'the feed',
        `${lost.item === null ? '' : `${kind} `}${image(lost.item)} of ${cityOf(loser)} lost to ${image(won.item)} of ${cityOf(winner)}`,
      )
  }

  async #told(region: Region, text: string, send: (client: DynamoDBDocumentClient) => Promise<unknown>): Promise<void> {
    const outcome = await send(this.#client(region)).then(
      () => '200 OK',
      (error: unknown) => (error instanceof DynamoDBServiceException ? error.name : 'no answer'),
    )
    this.#note(region, `${text} → ${outcome}`)
  }

  #note(who: string, what: string): void {
    this.lines.push(`${who.padEnd(10)}  ${what}`)
  }

  /** It does not try again by itself. */
  #client(region: Region): DynamoDBDocumentClient {
    const made =
      this.#clients.get(region) ??
      DynamoDBDocumentClient.from(new DynamoDBClient({ ...this.#cluster.client(regionNames[region]), maxAttempts: 1 }))
    this.#clients.set(region, made)
    return made
  }
}

function cityOf(region: string): string {
  return Object.entries(regionNames).find(([, name]) => name === region)?.[0] ?? region
}

function withoutId(item: Item): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'id'))
}

function show(value: unknown): string {
  if (value === undefined) return 'no item'
  if (value instanceof Set) return `{${[...value].join(', ')}}`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  if (Object.keys(value).length === 0) return '{}'
  return `{ ${Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => `${name}: ${show(each)}`)
    .join(', ')} }`
}

/** Of an item as the feed has it: with DynamoDB's types. */
function image(item: unknown): string {
  if (item === null || item === undefined) return 'the delete'
  const plain = Object.entries(item as Readonly<Record<string, Readonly<Record<string, unknown>>>>).filter(
    ([name]) => name !== 'id',
  )
  return show(Object.fromEntries(plain.map(([name, value]) => [name, plainOf(value)])))
}

function plainOf(value: Readonly<Record<string, unknown>>): unknown {
  const [[type, content] = ['', undefined]] = Object.entries(value)
  if (type === 'N') return Number(content)
  if (type === 'SS') return new Set(content as string[])
  if (type === 'L') return (content as Readonly<Record<string, unknown>>[]).map(plainOf)
  if (type === 'M')
    return Object.fromEntries(
      Object.entries(content as Readonly<Record<string, Readonly<Record<string, unknown>>>>).map(([name, each]) => [
        name,
        plainOf(each),
      ]),
    )
  return content
}
