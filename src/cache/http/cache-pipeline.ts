/**
 * A cache's answer to one request: the ten operations that DAX has, by way of what is kept (cache/core/cache.ts); those it does
 * not have are refused. A hit costs no look at the item: the stored text goes out as it is. Whatever is not understood whole
 * goes on to the region, and its answer back.
 */
import { hasSignedHeaders } from '../../core/auth/authorization.ts'
import type { Credentials } from '../../core/auth/credentials.ts'
import type { SignedRegions } from '../../core/auth/signed-region.ts'
import { checkRegion } from '../../core/auth/signing-time.ts'
import { ServiceError } from '../../core/errors.ts'
import { cacheUnderstoodMax, cacheUnderstoodTextMax } from '../../core/limits/limits.ts'
import { boundedBody } from '../../core/wire/body-scan.ts'
import { afterHeader, positionHeader } from '../../core/wire/position-header.ts'
import { isObject, parseJson } from '../../core/wire/json.ts'
import { operationNames } from '../../core/wire/model/shapes.ts'
import type { Log } from '../../ports/log.ts'
import type { Answer as Found, Origin, Written } from '../core/asks.ts'
import type { Cache } from '../core/cache.ts'
import type { Cached } from '../core/entry.ts'
import { Cut } from '../../operations/faults/cut.ts'
import { type Answer, type ApiRequest, cutAnswer, errorAnswer, json10, type Pipeline } from '../../http/pipeline.ts'
import { aboutBody, ReadyReply } from '../../http/bytes/reply.ts'
import type { SignedRequest, Signatures } from '../../http/access/signatures.ts'
import { batchGet } from './batch-get.ts'
import { type CapacityDetail, isAsked, isCapacityDetail, withoutCapacity, withZeroCapacity } from './kept-capacity.ts'
import { Remembered } from './remembered.ts'
import { type GetItem, getItemOf, type Input, parametersText, partitionOfQuery } from './understood.ts'
import { resigned } from './resign.ts'
import { claimed, endsInSignature, sharedStem, stemOf } from './signers.ts'
import type { Upstream, UpstreamReply } from './upstream.ts'
import { type WriteName, writesOf } from './writing.ts'

export type CachePipelineOptions = {
  readonly cache: Cache
  readonly upstream: Upstream
  /** For which regions requests may be signed, also where signatures are not verified. */
  readonly regions: SignedRegions
  /** As the region verifies them, and what they are verified by; without, one that verifies is never answered for. */
  readonly verifying?: { readonly signatures: Signatures; readonly credentials: () => Credentials }
  /**
   * What is done where the region's policies decide over each request. `open`: all is passed on, and nothing kept, once the region says so. `never`: also before. `always`: the cache has asked policies of
   * its own before, and its region is asked with rights of its own, so it answers.
   */
  readonly underPolicies?: 'open' | 'never' | 'always'
  readonly log: Log
}

export function cachePipeline(options: CachePipelineOptions): Pipeline {
  const front = new CacheFront(options)
  return (request, requestId, answer) => {
    const found = front.hit(request)
    if (found !== undefined) return answer(found)
    const answered = front.answer(request, requestId)
    if (answered instanceof Promise) void answered.then(answer)
    else answer(answered)
  }
}

/** Of a request that the cache may answer: whose it is, and what it asks. */
type Understood = { readonly request: ApiRequest; readonly who: string; readonly input: Input }

class CacheFront {
  readonly #options: CachePipelineOptions
  /** The same few requests come again and again, letter by letter. */
  readonly #gets = new Remembered<GetItem>({
    entriesMax: cacheUnderstoodMax,
    textMax: cacheUnderstoodTextMax,
  })

  constructor(options: CachePipelineOptions) {
    this.#options = options
  }

  /**
   * The shortest way, for a GetItem that has come before letter by letter and whose answer is kept: nothing is parsed, and
   * next to nothing is allocated. Undefined for everything else, and whatever is to be refused.
   */
  hit(request: ApiRequest): Answer | undefined {
    const { headers, body } = request
    if (this.#options.underPolicies === 'never') return undefined
    if (headers['x-amz-target'] !== getItemTarget || !isPlain(request)) return undefined
    const understood = this.#gets.get(body.toString('latin1'))
    if (understood === undefined || !this.#isOf(understood, request)) return undefined
    const { cache } = this.#options
    const cached = cache.findItem(understood)
    if (cached === undefined) return undefined
    cache.figures.hits++
    return hit(cached, 'GetItem', understood.detail, understood.table)
  }

  /** Whether it is the same principal that asks again. A signature is verified each time, and refused elsewhere. */
  #isOf({ who, stem }: GetItem, request: ApiRequest): boolean {
    const { verifying } = this.#options
    const { authorization, 'x-amz-date': date } = request.headers
    if (authorization === undefined || typeof date !== 'string' || authorization.slice(0, stem.length) !== stem)
      return false
    if (!endsInSignature(authorization, stem.length)) return false
    if (verifying === undefined) return hasSignedHeaders(authorization, request.headers)
    try {
      return verifying.signatures.verify(request).accessKeyId === who
    } catch {
      return false
    }
  }

  /** Never throws. A hit is answered at once. */
  answer(request: ApiRequest, requestId: string): Answer | Promise<Answer> {
    const operation = operationOf(request)
    this.#options.cache.figures.request(operation)
    const counted = (answer: Answer): Answer => this.#counted(answer)
    const refused = (error: unknown): Answer => counted(this.#failure(error, requestId, operation))
    try {
      const answer = this.#serve(request, operation)
      return answer instanceof Promise ? answer.then(counted, refused) : counted(answer)
    } catch (error) {
      return refused(error)
    }
  }

  #failure(error: unknown, requestId: string, operation: string): Answer {
    if (error instanceof ServiceError) return errorAnswer(error, json10, operation)
    if (error instanceof Cut) return cutAnswer(error, operation)
    const text = error instanceof Error ? error.stack : String(error)
    this.#options.log.error('request failed', { requestId, operation, error: text })
    const failure = new ServiceError('InternalServerError', 'The request processing has failed in the cache.')
    return errorAnswer(failure, json10, operation)
  }

  /** To the region and back, with what its reply says of itself noted. */
  async #ask(request: SignedRequest): Promise<UpstreamReply> {
    const { cache, upstream, verifying, underPolicies = 'open' } = this.#options
    const reply = await upstream.send(request)
    const { mark } = reply
    if (mark === undefined || underPolicies === 'never') return reply
    const isPoliced = mark.policed && underPolicies === 'open'
    cache.close(isPoliced || (mark.verified && verifying === undefined))
    return reply
  }

  #serve(request: ApiRequest, operation: string): Answer | Promise<Answer> {
    if (refused.has(operation)) throw notServed(operation)
    const { verifying, underPolicies } = this.#options
    const who = verifying === undefined ? this.#claimed(request) : verifying.signatures.verify(request).accessKeyId
    const write = writes.get(operation)
    if (write !== undefined) return this.#write(request, write, who ?? '')
    if (who === undefined || underPolicies === 'never' || !isPlain(request)) return this.#passOn(request, operation)
    if (operation === 'GetItem') return this.#getItem(request, who)
    const input = inputOf(operation, request.body)
    if (input === undefined) return this.#passOn(request, operation)
    const understood = { request, who, input }
    if (operation === 'Query') return this.#page(understood, 'query')
    if (operation === 'Scan') return this.#page(understood, 'scan')
    const batch = operation === 'BatchGetItem' ? this.#batch(understood) : undefined
    return batch ?? this.#passOn(request, operation)
  }

  /** Whose signature it says to be, for a region that is served here. */
  #claimed(request: ApiRequest): string | undefined {
    const claim = claimed(request)
    if (claim !== undefined) checkRegion(claim.region, this.#options.regions)
    return claim?.accessKeyId
  }

  #batch({ request, who, input }: Understood): Promise<Answer> | undefined {
    const { cache, verifying } = this.#options
    const ask = (body: Buffer | undefined): Promise<UpstreamReply> =>
      this.#ask(body === undefined ? request : resigned(request, body, verifying?.credentials()))
    return batchGet({ cache, ask }, who, input)
  }

  async #passOn(request: ApiRequest, operation: string): Promise<Answer> {
    this.#options.cache.figures.passedOn++
    return answerOf(await this.#ask(request), operation)
  }

  #getItem(request: ApiRequest, who: string): Promise<Answer> | Answer {
    const text = request.body.toString('latin1')
    let understood = this.#gets.get(text)
    if (understood?.who !== who) {
      const stem = sharedStem(stemOf(request.headers.authorization ?? ''))
      understood = getItemOf({ who, stem }, inputOf('GetItem', request.body))
      if (understood === undefined) return this.#passOn(request, 'GetItem')
      this.#gets.set(text, understood)
    }
    const { detail, table } = understood
    const found = this.#options.cache.readItem(understood, () => this.#origin(request, detail))
    return this.#answered(found, 'GetItem', detail, table)
  }

  #page({ request, who, input }: Understood, kind: 'query' | 'scan'): Promise<Answer> | Answer {
    const operation = kind === 'query' ? 'Query' : 'Scan'
    const { TableName: table, ReturnConsumedCapacity: detail, ConsistentRead } = input
    if (
      (ConsistentRead !== undefined && ConsistentRead !== false) ||
      typeof table !== 'string' ||
      !isCapacityDetail(detail)
    )
      return this.#passOn(request, operation)
    const found = this.#options.cache.readPage(
      {
        kind,
        table,
        id: `${kind}\0${who}\0${parametersText(input)}`,
        partitionOf: (known) => (kind === 'query' ? partitionOfQuery(known, input) : undefined),
      },
      () => this.#origin(request, detail),
    )
    return this.#answered(found, operation, detail, table)
  }

  async #origin(request: ApiRequest, detail: CapacityDetail): Promise<Origin<UpstreamReply>> {
    const reply = await this.#ask(request)
    if (reply.status !== 200 || reply.mark === undefined) return { reply }
    return { reply, mark: reply.mark, body: withoutCapacity(reply.bytes.toString('latin1'), detail) }
  }

  #answered(
    found: Found<UpstreamReply> | Promise<Found<UpstreamReply>>,
    operation: string,
    detail: CapacityDetail,
    table: string,
  ): Promise<Answer> | Answer {
    const answer = (each: Found<UpstreamReply>): Answer =>
      'cached' in each ? hit(each.cached, operation, detail, table) : answerOf(each.reply, operation)
    return found instanceof Promise ? found.then(answer) : answer(found)
  }

  /** The table first, then what is kept, then the client. A write that was refused has changed nothing. */
  async #write(request: ApiRequest, operation: WriteName, who: string): Promise<Answer> {
    const { cache } = this.#options
    // Parsed once the region has answered: of many that wait, what they are parsed as would take far more than their bytes.
    const left = (reply: UpstreamReply | undefined): readonly (Written | undefined)[] => {
      const input = inputOf(operation, request.body)
      if (input === undefined) return []
      return this.#kept(writesOf(operation, input, () => (reply === undefined ? undefined : replyIn(reply))))
    }
    let reply: UpstreamReply
    try {
      reply = await this.#ask(request)
    } catch (error) {
      cache.wrote(who, left(undefined), undefined)
      throw error
    }
    const isDone = reply.status === 200
    if (isDone || reply.status >= 500) cache.wrote(who, left(reply), isDone ? reply.mark : undefined)
    return answerOf(reply, operation)
  }

  /** What is written for somebody who is never answered from what is kept ends that, and takes no place of it. */
  #kept(writes: readonly (Written | undefined)[]): readonly (Written | undefined)[] {
    if (this.#options.underPolicies !== 'never') return writes
    return writes.map((write) => (write === undefined ? undefined : { ...write, body: undefined }))
  }

  #counted(answer: Answer): Answer {
    const { figures } = this.#options.cache
    if (answer.status === 200) return answer
    if (answer.status >= 500) figures.faults++
    else figures.errors++
    if (isThrottling(answer)) figures.throttled++
    return answer
  }
}

function answerOf({ status, contentType, bytes, position }: UpstreamReply, operation: string): Answer {
  const headers = position === undefined ? {} : { headers: { [positionHeader]: position } }
  return { status, contentType, bytes, operation, outcome: status === 200 ? 'ok' : codeIn(bytes), ...headers }
}

function hit(cached: Cached, operation: string, detail: CapacityDetail, table: string): Answer {
  if (isAsked(detail)) return ready(operation, withZeroCapacity(cached.body, detail, table))
  const known = cached.front
  if (known instanceof ReadyReply && known.operation === operation) return known
  const made = ready(operation, cached.body)
  cached.front = made
  return made
}

function ready(operation: string, body: string): ReadyReply {
  return new ReadyReply({ contentType: json10, operation, body, about: aboutBody(body) })
}

const targetPrefix = 'DynamoDB_20120810.'
const getItemTarget = `${targetPrefix}GetItem`
const writes: ReadonlyMap<string, WriteName> = new Map(
  (['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'] as const).map((name) => [
    name,
    name,
  ]),
)
const reads = ['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems']
/** DAX's clients have ten operations and refuse all others, those on tables and PartiQL among them, before they ask the cluster. */
const refused: ReadonlySet<string> = new Set(
  operationNames.filter((name) => !writes.has(name) && !reads.includes(name)),
)

function notServed(operation: string): ServiceError {
  return new ServiceError(
    'UnknownOperationException',
    `The operation ${operation} is not served by a cache, as by DAX: ask the region itself.`,
  )
}

const operations: ReadonlyMap<unknown, string> = new Map(operationNames.map((name) => [`${targetPrefix}${name}`, name]))

function operationOf({ headers }: ApiRequest): string {
  return operations.get(headers['x-amz-target']) ?? 'unknown'
}

/** As SDKs send it: other ways are the region's to judge. */
function isPlain({ url, headers }: ApiRequest): boolean {
  return url === '/' && headers['content-type'] === json10 && headers[afterHeader] === undefined
}

/** Undefined for what a region refuses: it does so in its own words. */
function inputOf(operation: string, body: Buffer): Input | undefined {
  try {
    const value = boundedBody(operation, body)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The region is trusted to answer as it does. */
function replyIn({ bytes }: UpstreamReply): Input | undefined {
  const value: unknown = parseJson(bytes.toString())
  return isObject(value) ? value : undefined
}

function codeIn(bytes: Buffer): string {
  return /"__type":"(?:[^"#]*#)?(\w+)"/.exec(bytes.toString('latin1', 0, 200))?.[1] ?? 'unknown'
}

function isThrottling({ outcome }: Answer): boolean {
  return (
    outcome === 'ThrottlingException' ||
    outcome === 'ProvisionedThroughputExceededException' ||
    outcome === 'RequestLimitExceeded'
  )
}
