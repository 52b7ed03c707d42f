/** The keys of tables, which every request of DAX's protocol is written by. The region is asked for those that the cache does not know from its replies. */
import { daxSchemaMs, daxSchemasMax } from '../../core/limits/dax-limits.ts'
import { type DaxError, daxErrorOf, tableNotFound } from '../../core/dax/error-answer.ts'
import type { KeySchema, KeyType } from '../../core/table/table.ts'
import type { Upstream, UpstreamReply } from '../http/upstream.ts'
import type { DaxPrincipal } from './principal.ts'
import type { RegionRequests } from './region-requests.ts'

export type SchemasOptions = {
  /** From replies that the cache keeps, and as long as they hold. */
  readonly known: (table: string) => KeySchema | undefined
  readonly requests: RegionRequests
  readonly upstream: Pick<Upstream, 'send'>
  readonly monotonicMs: () => number
}

/** The region has refused to describe a table. */
export class NotDescribed extends Error {
  override readonly name = 'NotDescribed'
  readonly error: DaxError

  constructor(error: DaxError) {
    super(error.message)
    this.error = error
  }
}

type Told = { readonly schema: KeySchema; readonly untilMs: number }

export class Schemas {
  readonly #options: SchemasOptions
  /** By who was told, and the table. */
  readonly #told = new Map<string, Told>()
  readonly #asking = new Map<string, Promise<KeySchema>>()

  constructor(options: SchemasOptions) {
    this.#options = options
  }

  /** What is known without asking. */
  find(principal: DaxPrincipal, table: string): KeySchema | undefined {
    const told = this.#told.get(nameOf(principal, table))
    if (told !== undefined && told.untilMs > this.#options.monotonicMs()) return told.schema
    return this.#options.known(table)
  }

  /** Rejects with NotDescribed, or with the ServiceError of a region that cannot be reached. */
  async ask(principal: DaxPrincipal, table: string): Promise<KeySchema> {
    const name = nameOf(principal, table)
    const asking = this.#asking.get(name)
    if (asking !== undefined) return await asking
    const asked = this.#describe(principal, table, name)
    this.#asking.set(name, asked)
    try {
      return await asked
    } finally {
      this.#asking.delete(name)
    }
  }

  /** What was told of the table may be of one that was made again. */
  forget(table: string): void {
    for (const name of this.#told.keys()) if (name.endsWith(`\0${table}`)) this.#told.delete(name)
  }

  async #describe(principal: DaxPrincipal, table: string, name: string): Promise<KeySchema> {
    const request = this.#options.requests.of(principal, 'DescribeTable', { TableName: table })
    const schema = schemaIn(await this.#options.upstream.send(request))
    this.#told.delete(name)
    for (const oldest of this.#told.keys()) {
      if (this.#told.size < daxSchemasMax) break
      this.#told.delete(oldest)
    }
    this.#told.set(name, { schema, untilMs: this.#options.monotonicMs() + daxSchemaMs })
    return schema
  }
}

function nameOf({ accessKeyId }: DaxPrincipal, table: string): string {
  return `${accessKeyId}\0${table}`
}

type Described = {
  readonly Table?: {
    readonly KeySchema?: readonly { readonly AttributeName: string; readonly KeyType: string }[]
    readonly AttributeDefinitions?: readonly { readonly AttributeName: string; readonly AttributeType: KeyType }[]
  }
}

function schemaIn({ status, bytes }: UpstreamReply): KeySchema {
  if (status !== 200) throw new NotDescribed(refusalIn(bytes, status))
  const { Table: { KeySchema: key = [], AttributeDefinitions: types = [] } = {} } = JSON.parse(
    bytes.toString(),
  ) as Described
  const part = (kind: string) =>
    key
      .filter(({ KeyType: type }) => type === kind)
      .map(({ AttributeName: name }) => ({
        name,
        type: types.find(({ AttributeName }) => AttributeName === name)?.AttributeType ?? 'S',
      }))
  return { partition: part('HASH'), sort: part('RANGE') }
}

function refusalIn(bytes: Buffer, status: number): DaxError {
  const { code, message } = errorIn(bytes)
  return code === 'ResourceNotFoundException' ? tableNotFound(message) : daxErrorOf(code, message, status)
}

/** Of a reply in DynamoDB's JSON that refuses. */
export function errorIn(bytes: Buffer): { readonly code: string; readonly message: string; readonly body: object } {
  const body = JSON.parse(bytes.toString()) as {
    readonly __type?: string
    readonly message?: string
    readonly Message?: string
  }
  const { __type: type = 'InternalServerError', message = body.Message ?? '' } = body
  return {
    code: type.slice(type.lastIndexOf('#') + 1).replace(/^ServiceUnavailableException$/, 'ServiceUnavailable'),
    message,
    body,
  }
}
