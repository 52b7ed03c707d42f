/** Errors as DAX's clients read them: a sequence of codes, of which each client knows some, the message, and DynamoDB's own code. */
import type { Item } from '../attribute/value.ts'
import { CborWriter } from '../cbor/cbor-writer.ts'
import { encodeAttributes } from './codec/item-codec.ts'
import type { AttributeList } from './codec/attribute-lists.ts'

/** The first code says whether to try again: 1 yes, 2 after the cluster has recovered, 3 and 4 no. */
const again = 1
const never = 4

/** What DynamoDB refuses, by its code. */
const ofDynamoDb: ReadonlyMap<string, number> = new Map([
  ['ProvisionedThroughputExceededException', 40],
  ['ResourceNotFoundException', 41],
  ['ConditionalCheckFailedException', 43],
  ['ResourceInUseException', 45],
  ['ValidationException', 46],
  ['InternalServerError', 47],
  ['ItemCollectionSizeLimitExceededException', 48],
  ['LimitExceededException', 49],
  ['ThrottlingException', 50],
  ['TransactionConflictException', 57],
  ['TransactionCanceledException', 58],
  ['TransactionInProgressException', 59],
  ['IdempotentParameterMismatchException', 60],
  ['RequestLimitExceeded', 61],
])

/** Which the client answers by authorizing its connection again. */
const ofAuthorization: ReadonlyMap<string, number> = new Map([
  ['AccessDeniedException', 32],
  ['MissingAuthenticationTokenException', 33],
  ['ExpiredTokenException', 33],
  ['InvalidSignatureException', 34],
  ['IncompleteSignatureException', 34],
  ['UnrecognizedClientException', 34],
])

export type DaxError = {
  readonly codes: readonly number[]
  readonly code: string
  readonly message: string
  readonly status: number
}

export type CancellationReason = {
  readonly code: string | undefined
  readonly message: string | undefined
  readonly item: { readonly attributes: Item; readonly list: AttributeList } | undefined
}

export function daxErrorOf(code: string, message: string, status: number): DaxError {
  return { codes: codesOf(code, status), code, message, status }
}

export const tableNotFound = (message: string): DaxError => ({
  codes: [never, 23, 24],
  code: 'ResourceNotFoundException',
  message,
  status: 400,
})

export const notImplemented = (message: string): DaxError => ({
  codes: [never, 37, 38, 44],
  code: 'ValidationException',
  message,
  status: 400,
})

function codesOf(code: string, status: number): readonly number[] {
  const authorization = ofAuthorization.get(code)
  if (authorization !== undefined) return [never, 23, 31, authorization]
  const first = status >= 500 ? again : never
  const own = ofDynamoDb.get(code)
  return own === undefined ? [first, 37, 38, 39] : [first, 37, 38, 39, own]
}

export function encodeError(
  { codes, code, message, status }: DaxError,
  requestId: string,
  reasons?: readonly CancellationReason[],
): Buffer {
  const writer = new CborWriter().array(codes.length)
  for (const each of codes) writer.integer(each)
  writer
    .text(message)
    .array(reasons === undefined ? 3 : 4)
    .text(requestId)
    .text(code)
    .integer(status)
  if (reasons !== undefined) writeReasons(writer, reasons)
  return writer.finish()
}

function writeReasons(writer: CborWriter, reasons: readonly CancellationReason[]): void {
  writer.array(3 * reasons.length)
  for (const { code, message, item } of reasons) {
    writeText(writer, code)
    writeText(writer, message)
    if (item === undefined) writer.null()
    else writer.bytes(encodeAttributes(item.attributes, item.list))
  }
}

function writeText(writer: CborWriter, text: string | undefined): void {
  if (text === undefined) writer.null()
  else writer.text(text)
}
