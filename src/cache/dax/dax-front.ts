/**
 * Answers one request of a DAX client. A request of the data plane becomes the one that DynamoDB's API has, and takes the way of the HTTP front from
 * there: one cache, one validation and one count for both. What the API answers is written as DAX's clients read it.
 */
import type { Item } from '../../core/attribute/value.ts'
import { CborReader } from '../../core/cbor/cbor-reader.ts'
import { CborWriter } from '../../core/cbor/cbor-writer.ts'
import type { ValueBudget } from '../../core/cbor/value-budget.ts'
import * as major from '../../core/cbor/major-types.ts'
import { UnreadableCbor } from '../../core/cbor/major-types.ts'
import type { AttributeLists } from '../../core/dax/codec/attribute-lists.ts'
import { actionOf, actionsOfWrites } from '../../core/dax/actions.ts'
import { type DataRequest, type DaxContext, UnknownTable } from '../../core/dax/requests/data-request.ts'
import { type CancellationReason, type DaxError, daxErrorOf, encodeError } from '../../core/dax/error-answer.ts'
import { attributeListOf, UnknownAttributeList } from '../../core/dax/codec/item-codec.ts'
import { keyAttributesOf } from '../../core/dax/codec/key-codec.ts'
import {
  attributeListNameBytesMax,
  attributeListNamesMax,
  daxFewValues,
  daxTablesMax,
  daxValuesMax,
  daxValuesUnderWayMax,
} from '../../core/limits/dax-limits.ts'
import { methods, serviceId } from '../../core/dax/protocol.ts'
import { readName } from '../../core/dax/dax-options.ts'
import { readRequest } from '../../core/dax/requests/read-request.ts'
import { errors, ServiceError } from '../../core/errors.ts'
import type { Log } from '../../ports/log.ts'
import type { Answer, ApiRequest, Pipeline } from '../../http/pipeline.ts'
import type { Cache } from '../core/cache.ts'
import type { Upstream } from '../http/upstream.ts'
import type { Sender } from '../../operations/operation.ts'
import type { DaxAccess } from './dax-access.ts'
import type { DaxTracing } from './dax-tracing.ts'
import { type DaxNode, encodeNodes } from './dax-nodes.ts'
import type { Frame } from './dax-frames.ts'
import { answerOf, KeptReads } from './kept-reads.ts'
import type { DaxPrincipal } from './principal.ts'
import { RegionRequests, type RegionRequestsOptions } from './region-requests.ts'
import { errorIn, NotDescribed, Schemas } from './schemas.ts'

/** An answer begins with the codes of its error: an array of none. */
const noErrorCodes = 0x80

export type DaxFrontOptions = RegionRequestsOptions & {
  readonly cache: Cache
  /** The HTTP front's. */
  readonly pipeline: Pipeline
  readonly upstream: Pick<Upstream, 'send'>
  readonly monotonicMs: () => number
  readonly requestId: () => string
  readonly lists: AttributeLists
  /** Where policies decide. */
  readonly policies?: Policies | undefined
  readonly tracing?: DaxTracing | undefined
  readonly log: Log
}

export type Policies = {
  readonly access: DaxAccess
  /** Takes what the cluster asks with its own rights: one cache for all who may use it. */
  readonly pipeline: Pipeline
}

/** Who asks, and where clients of this connection reach the cluster. */
export type Asking = {
  readonly principal: DaxPrincipal
  readonly nodes: () => readonly DaxNode[]
  readonly sender?: Sender
}

/** With whose rights the region is asked, and by which way. */
type Acting = {
  readonly principal: DaxPrincipal
  readonly pipeline: Pipeline
  /** Whether answers are remembered as they are written; not for one who has to be asked for again. */
  readonly isKept: boolean
  /** Of the request's span. */
  readonly traceparent?: string | undefined
}

export class DaxFront {
  readonly #options: DaxFrontOptions
  readonly #lists: AttributeLists
  readonly #requests: RegionRequests
  readonly #schemas: Schemas
  readonly #kept: KeptReads
  #heldValues = 0
  #acting: Acting | undefined

  constructor(options: DaxFrontOptions) {
    const { cache } = options
    this.#options = options
    this.#lists = options.lists
    this.#requests = new RegionRequests(options)
    this.#schemas = new Schemas({ ...options, known: (table) => cache.keyOf(table), requests: this.#requests })
    this.#kept = new KeptReads(cache, this.#lists)
  }

  /**
   * The answer to a GetItem that has come before byte by byte and whose answer is kept, from bytes that begin where a request begins: since no request is the
   * beginning of another one, they need not be cut. Undefined for everything else, which `answer` takes, and where policies are asked or spans are made.
   */
  hit({ principal }: Asking, bytes: Buffer): string | undefined {
    const { policies, tracing } = this.#options
    if (policies !== undefined || tracing !== undefined) return undefined
    return this.#kept.answer(principal.accessKeyId, bytes)
  }

  /** Never throws and never rejects. A hit is answered at once, by the text of its bytes (latin1). */
  answer(asking: Asking, frame: Frame): string | Promise<Buffer> {
    const { tracing } = this.#options
    if (tracing === undefined) return this.#answered(asking, frame, undefined)
    const span = tracing.begin(frame.method)
    const answer = this.#answered(asking, frame, span.traceparent)
    if (typeof answer === 'string') {
      span.end({ isHit: true, isError: false, sizeBytes: answer.length })
      return answer
    }
    return answer.then((bytes) => {
      span.end({ isHit: false, isError: bytes[0] !== noErrorCodes, sizeBytes: bytes.length })
      return bytes
    })
  }

  #answered(asking: Asking, frame: Frame, traceparent: string | undefined): string | Promise<Buffer> {
    const denial = this.#denialOf(asking, frame)
    if (denial !== undefined) return Promise.resolve(this.refusal(denial))
    const acting = this.#actingFor(asking)
    if (frame.method === 'getItem' && acting.isKept) {
      const kept = this.#kept.answer(acting.principal.accessKeyId, frame.bytes)
      if (kept !== undefined) return kept
    }
    const traced = traceparent === undefined ? acting : { ...acting, traceparent }
    return this.#answer(asking, traced, frame).catch((error: unknown) => this.refusal(error))
  }

  /** What a client is told of something that was thrown. */
  refusal(error: unknown): Buffer {
    const requestId = this.#options.requestId()
    return encodeError(this.#errorOf(error, requestId), requestId)
  }

  #denialOf({ principal, sender }: Asking, { method }: Frame): unknown {
    if (this.#options.policies === undefined) return undefined
    const action = actionOf(method)
    if (action === undefined) return undefined
    try {
      this.#options.policies.access.permit(principal, action, sender)
      return undefined
    } catch (error) {
      return error
    }
  }

  #actingFor({ principal }: Asking): Acting {
    const { policies, pipeline } = this.#options
    const cluster = policies?.access.actsAs()
    if (policies !== undefined && cluster !== undefined)
      return { principal: cluster, pipeline: policies.pipeline, isKept: true }
    // Mostly that of the request before.
    if (this.#acting?.principal !== principal)
      this.#acting = { principal, pipeline, isKept: policies?.access.mode !== 'strict' }
    return this.#acting
  }

  async #answer(asking: Asking, acting: Acting, frame: Frame): Promise<Buffer> {
    const { nodes } = asking
    const reader = readerOf(frame)
    const { method } = frame
    if (method === 'endpoints') return encodeNodes(nodes())
    if (method === 'services') return new CborWriter().array(0).array(1).integer(serviceId).finish()
    if (method === 'methods') return methodList()
    if (method === 'defineKeySchema') return await this.#keySchema(acting.principal, readName(reader))
    if (method === 'defineAttributeList') return this.#attributeList(reader.integer())
    if (method === 'defineAttributeListId') return this.#attributeListId(reader)
    return await this.#data(asking, acting, frame)
  }

  async #keySchema(principal: DaxPrincipal, table: string): Promise<Buffer> {
    const attributes = keyAttributesOf(await this.#schemas.ask(principal, table))
    const writer = new CborWriter().array(0).map(attributes.length)
    for (const { name, type } of attributes) writer.text(name).text(type)
    return writer.finish()
  }

  #attributeList(id: number): Buffer {
    const list = this.#lists.find(id)
    if (list === undefined) throw new UnknownAttributeList(`attribute list ${id} is not known to this cache`)
    const writer = new CborWriter().array(0).array(list.names.length)
    for (const name of list.names) writer.text(name)
    return writer.finish()
  }

  #attributeListId(reader: CborReader): Buffer {
    const names: string[] = []
    let sizeBytes = 0
    // The Java client sends a set.
    if (reader.type === major.tag) reader.tag()
    reader.eachOfArray((index) => {
      const name = reader.text()
      sizeBytes += Buffer.byteLength(name)
      if (index >= attributeListNamesMax || sizeBytes > attributeListNameBytesMax)
        throw new UnreadableCbor('more names than an item has')
      names.push(name)
    })
    return new CborWriter().array(0).integer(this.#lists.listOf(names).id).finish()
  }

  async #data(asking: Asking, acting: Acting, frame: Frame): Promise<Buffer> {
    const { principal } = acting
    const context = this.#contextOf(principal)
    const values = { left: daxValuesMax }
    const request = await this.#read(principal, frame, context, values)
    const held = this.#hold(daxValuesMax - values.left)
    try {
      return await this.#told(asking, acting, { frame, request, context })
    } finally {
      this.#heldValues -= held
    }
  }

  /** Of a request with many values, what it is read as takes far more than its bytes. */
  #hold(values: number): number {
    if (values > daxFewValues && this.#heldValues + values > daxValuesUnderWayMax)
      throw new ServiceError('ThrottlingException', 'The cache has too many large requests under way.')
    this.#heldValues += values
    return values
  }

  async #told(
    asking: Asking,
    { principal, pipeline, isKept, traceparent }: Acting,
    { frame, request, context }: ReadFrame,
  ): Promise<Buffer> {
    if (frame.method === 'transactWriteItems')
      for (const action of actionsOfWrites(request.input))
        this.#options.policies?.access.permit(asking.principal, action, asking.sender)
    if (frame.method === 'getItem' && isKept) {
      const { TableName: table } = request.input
      this.#kept.remember(principal.accessKeyId, frame, request, context.schemaOf(table as string))
    }
    const answer = await this.#asked(
      pipeline,
      this.#requests.of(principal, request.operation, request.input, traceparent),
    )
    return answer.status === 200
      ? answerOf(request, JSON.parse(answer.bytes.toString()) as Readonly<Record<string, unknown>>)
      : this.#refused(answer, request, context)
  }

  /** Reads the request as often as it names a table whose key is not known yet. */
  async #read(principal: DaxPrincipal, frame: Frame, context: DaxContext, values: ValueBudget): Promise<DataRequest> {
    for (let n = 0; n <= daxTablesMax; n++) {
      try {
        const request = readRequest(frame.method, readerOf(frame), context, values)
        if (request !== undefined) return request
      } catch (error) {
        if (!(error instanceof UnknownTable)) throw error
        await this.#schemas.ask(principal, error.table)
      }
    }
    throw new UnreadableCbor('more tables than one request may name')
  }

  #contextOf(principal: DaxPrincipal): DaxContext {
    return {
      lists: this.#lists,
      schemaOf: (table) => {
        const schema = this.#schemas.find(principal, table)
        if (schema === undefined) throw new UnknownTable(table)
        return schema
      },
    }
  }

  #asked(pipeline: Pipeline, request: ApiRequest): Promise<Answer> {
    return new Promise((resolve) => pipeline(request, this.#options.requestId(), resolve))
  }

  #refused({ bytes, status }: Answer, { tables = [] }: DataRequest, context: DaxContext): Buffer {
    const { code, message, body } = errorIn(bytes)
    if (code === 'ResourceNotFoundException') for (const table of tables) this.#schemas.forget(table)
    const { CancellationReasons: told } = body as { readonly CancellationReasons?: readonly Reason[] }
    const reasons = told?.map((reason, n) => this.#reasonOf(reason, tables[n] ?? '', context))
    return encodeError(daxErrorOf(code, message, status), this.#options.requestId(), reasons)
  }

  #reasonOf(
    { Code: code, Message: message, Item: item }: Reason,
    table: string,
    context: DaxContext,
  ): CancellationReason {
    if (item === undefined) return { code, message, item: undefined }
    const list = attributeListOf(item, context.schemaOf(table), this.#lists)
    return { code, message, item: { attributes: item, list } }
  }

  #errorOf(error: unknown, requestId: string): DaxError {
    if (error instanceof NotDescribed) return error.error
    if (error instanceof ServiceError) return daxErrorOf(error.code, error.message, errors[error.code].status)
    if (error instanceof UnreadableCbor || error instanceof UnknownAttributeList)
      return daxErrorOf(
        'ValidationException',
        `The request cannot be read: ${error.message}`,
        errors.ValidationException.status,
      )
    const text = error instanceof Error ? error.stack : String(error)
    this.#options.log.error('request failed', { requestId, protocol: 'dax', error: text })
    return daxErrorOf('InternalServerError', 'The request processing has failed in the cache.', 500)
  }
}

type ReadFrame = { readonly frame: Frame; readonly request: DataRequest; readonly context: DaxContext }

type Reason = { readonly Code?: string; readonly Message?: string; readonly Item?: Item }

function readerOf({ bytes, valuesAt }: Frame): CborReader {
  return new CborReader(bytes.subarray(valuesAt))
}

function methodList(): Buffer {
  const all = Object.values(methods)
  const writer = new CborWriter().array(0).array(all.length)
  for (const { id } of all) writer.integer(id)
  return writer.finish()
}
