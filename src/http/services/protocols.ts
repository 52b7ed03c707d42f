/** The protocols of services beside DynamoDB: how each names the operation, reads its input, and writes its output and its errors. */
import { isUtf8 } from 'node:buffer'
import { UnreadableCbor } from '../../core/cbor/major-types.ts'
import { ServiceError } from '../../core/errors.ts'
import { cborInput, cborOutput } from '../../core/services/cbor-body.ts'
import { jsonOutput } from '../../core/services/json-output.ts'
import { queryInput, readForm } from '../../core/services/query-input.ts'
import { queryError, queryOutput } from '../../core/services/query-output.ts'
import type { ServiceRefusal } from '../../core/services/refusal.ts'
import { coerceBody } from '../../core/wire/coerce.ts'
import { boundedJson, serviceBounds } from '../../core/wire/body-scan.ts'
import type { Structure } from '../../core/wire/model/shape.ts'
import type { Reply } from '../bytes/reply.ts'
import type { ApiRequest } from '../pipeline.ts'
import { wireTypeOf } from './common-errors.ts'

export type Of = { readonly operation: string; readonly requestId: string; readonly namespace: string }

export type Protocol = {
  /** Before anything of the body is believed. */
  readonly operationOf: (request: ApiRequest) => string
  /** Throws ServiceError. */
  readonly input: (shape: Structure, request: ApiRequest) => Record<string, unknown>
  readonly output: (output: object | undefined, of: Of) => Reply
  readonly error: (refusal: ServiceRefusal, of: Of & { readonly errorNamespace: string }) => Reply
}

const textOf = (body: Buffer): string => {
  if (!isUtf8(body)) throw notUtf8()
  return body.toString()
}
const notUtf8 = (): ServiceError => new ServiceError('SerializationException', 'The body is not UTF-8')

export const query: Protocol = {
  operationOf: ({ body }) => readForm(textOf(body)).action,
  input: (shape, { body }) => queryInput(shape, readForm(textOf(body))),
  output: (output, of) => xml(200, queryOutput(output, of)),
  error: (refusal, of) => xml(refusal.status, queryError(refusal, of)),
}

const xml = (status: number, text: string): Reply => ({ status, contentType: 'text/xml', bytes: Buffer.from(text) })

const cborPath = /^\/service\/([A-Za-z0-9_.]+)\/operation\/([A-Za-z0-9_]+)\/?$/

/** Undefined for what is no path of the protocol. */
export const cborTarget = (url: string): string | undefined => cborPath.exec(url)?.[1]

export const cbor: Protocol = {
  operationOf: ({ url }) => cborPath.exec(url)?.[2] ?? '',
  input: (shape, { body }) => coerceBody(shape, body.length === 0 ? {} : parsedCbor(body)),
  output: (output) => cborReply(200, output === undefined ? Buffer.alloc(0) : cborOutput(output)),
  error: (refusal, { errorNamespace }) =>
    cborReply(refusal.status, cborOutput(errorBody(refusal, errorNamespace)), queryErrorHeader(refusal)),
}

const cborReply = (status: number, bytes: Buffer, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  contentType: 'application/cbor',
  bytes,
  headers: { 'smithy-protocol': 'rpc-v2-cbor', ...headers },
})

function parsedCbor(body: Buffer): unknown {
  try {
    return cborInput(body)
  } catch (error) {
    if (error instanceof UnreadableCbor)
      throw new ServiceError('SerializationException', `The body is not CBOR: ${error.message}`)
    throw error
  }
}

/** `version` is that of the content type. */
export function json(version: '1.0' | '1.1'): Protocol {
  const reply = (status: number, text: string): Reply => ({
    status,
    contentType: `application/x-amz-json-${version}`,
    bytes: Buffer.from(text),
  })
  return {
    operationOf: ({ headers }) => String(headers['x-amz-target'] ?? '').replace(/^.*\./s, ''),
    input: (shape, { body }) => coerceBody(shape, parsed(body)),
    output: (output) => reply(200, jsonOutput(output)),
    error: (refusal, { errorNamespace }) => ({
      ...reply(refusal.status, jsonOutput(errorBody(refusal, errorNamespace))),
      headers: queryErrorHeader(refusal),
    }),
  }
}

const errorBody = (refusal: ServiceRefusal, errorNamespace: string): object => ({
  __type: wireTypeOf(refusal, errorNamespace),
  message: refusal.message,
  ...refusal.members,
})

/** For clients of the Query protocol's time, which compare its codes. */
const queryErrorHeader = ({ code, fault }: ServiceRefusal): Readonly<Record<string, string>> => ({
  'x-amzn-query-error': `${code};${fault}`,
})

function parsed(body: Buffer): unknown {
  if (body.length === 0) return {}
  if (!isUtf8(body)) throw notUtf8()
  let found: ReturnType<typeof boundedJson>
  try {
    found = boundedJson(body, serviceBounds)
  } catch {
    throw new ServiceError('SerializationException', 'The body is not JSON')
  }
  if (found === undefined) throw new ServiceError('SerializationException', 'The body has more values than is taken')
  return found.value
}
