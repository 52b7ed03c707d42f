/** A table as a document describes it, in the form of CreateTable. */
export type TableDefinition = {
  /** Where it stands, for messages. */
  readonly from: string
  readonly input: CreateTable
  /** Where it is made; undefined: in the first region of the cluster. */
  readonly home?: string
  /** The other regions that have a replica; `every` where the document cannot say it. */
  readonly replicas: readonly string[] | 'every'
  /** The attribute of TimeToLive. */
  readonly timeToLive?: string
  readonly items?: readonly object[]
  /** What the document says that nothing here depends on. */
  readonly leftOut: readonly string[]
}

/** The members that tables are made with here. */
export type CreateTable = {
  readonly TableName: string
  readonly [member: string]: unknown
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a document says of a thing, with its place in it. */
export type Described = { readonly values: Readonly<Record<string, unknown>>; readonly from: string }

export function textIn({ values, from }: Described, name: string): string {
  const text = values[name]
  if (typeof text === 'string' && text !== '') return text
  throw new UnreadableTables(`${from}: ${name} is ${text === undefined || text === null ? 'not known' : 'not a text'}`)
}

/** The elements of a list, each with its place; none where there is no list. */
export function listIn({ values, from }: Described, name: string): readonly Described[] {
  const list = values[name] ?? []
  if (!Array.isArray(list)) throw new UnreadableTables(`${from}: ${name} is no list`)
  return list.map((each: unknown, at) => recordAt(each, `${from}.${name}[${at}]`))
}

export function recordAt(value: unknown, from: string): Described {
  if (!isRecord(value)) throw new UnreadableTables(`${from} is no object`)
  return { values: value, from }
}

/** Definitions of attributes by name, each once. */
export function attributeDefinitions(attributes: readonly (readonly [name: string, type: string])[]): object[] {
  return [...new Map(attributes)].map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType }))
}

export function keySchema(partition: string, sort?: string): object[] {
  const key = [{ AttributeName: partition, KeyType: 'HASH' }]
  return sort === undefined ? key : [...key, { AttributeName: sort, KeyType: 'RANGE' }]
}

/** The document cannot be taken; says what is wrong with it, and where. */
export class UnreadableTables extends Error {
  override readonly name = 'UnreadableTables'
}
