/**
 * Bounds what parsing a body can cost, in one pass over its bytes and before a parser sees it: 16 MB of `[{},{},…]` are millions of
 * objects to JSON.parse. The pass knows no more of JSON than where texts begin and end; what is no JSON is the parser's to find.
 */
import { ServiceError } from '../errors.ts'
import { serviceContainersMax, serviceDepthMax, serviceValuesMax } from '../limits/wire-limits.ts'
import { parseJson } from './json.ts'
import {
  bodyDepthMax,
  bodyMembersMax,
  bodyNamedMembersMax,
  bodyValuesMax,
  bodyValuesWithItemsMax,
} from '../limits/limits.ts'

/** Operations whose parameters hold attribute values, as many as the request's size allows. All others are small by their nature. */
const withItems: ReadonlySet<string> = new Set([
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
  'BatchWriteItem',
  'TransactWriteItems',
  'ExecuteStatement',
  'BatchExecuteStatement',
  'ExecuteTransaction',
])

/** Throws the SerializationException of a body that nests deeper, or has more values, than any request of the operation can need. */
export function checkBodyScan(operation: string, body: Buffer): void {
  if (exceedsBody(operation, body, 0)) throw new ServiceError('SerializationException', '')
}

/** The body of an operation of DynamoDB, scanned and then parsed. Throws the SerializationException of one that is refused by either. */
export function boundedBody(operation: string, body: Buffer): unknown {
  checkBodyScan(operation, body)
  try {
    return parseJson(body.toString())
  } catch {
    throw new ServiceError('SerializationException', '')
  }
}

/** Whether a body is refused; `valuesElsewhere` are those of its items, which have been cut out of it and counted by themselves. */
export function exceedsBody(operation: string, body: Buffer, valuesElsewhere: number): boolean {
  const valuesMax = (withItems.has(operation) ? bodyValuesWithItemsMax : bodyValuesMax) - valuesElsewhere
  const [membersMax, namedMembersMax] = [bodyMembersMax, bodyNamedMembersMax]
  return exceeds(body, { depthMax: bodyDepthMax, valuesMax, membersMax, namedMembersMax })
}

/** JSON that a stranger has sent, which is scanned before it is parsed; `undefined` for more than the bounds. Throws a SyntaxError. */
export function boundedJson(body: Buffer, bounds: ScanBounds): { readonly value: unknown } | undefined {
  return exceeds(body, bounds) ? undefined : { value: parseJson(body.toString()) }
}

/** What the services beside DynamoDB are sent. */
export const serviceBounds: ScanBounds = {
  depthMax: serviceDepthMax,
  valuesMax: serviceValuesMax,
  containersMax: serviceContainersMax,
  membersMax: bodyNamedMembersMax,
}

export type ScanBounds = {
  readonly depthMax: number
  readonly valuesMax: number
  /** Lists and objects among the values. */
  readonly containersMax?: number
  /** Of one object: to the parser they cost far more than the elements of a list. */
  readonly membersMax?: number
  /** Of an object of conditions or placeholders: each member becomes several objects, and no expression can use so many. */
  readonly namedMembersMax?: number
}

/** Members of each object that is open, by its depth; reused, since nothing awaits. */
const members = new Int32Array(bodyDepthMax + 2)
/** Where each of them begins. */
const begun = new Int32Array(bodyDepthMax + 2)
/** No list has so many elements. */
const elements = -(2 ** 30)

/** Returns whether the bytes nest deeper or hold more values (members, elements, and the root), in all or in one object, than the bounds. */
export function exceeds(body: Buffer, bounds: ScanBounds): boolean {
  const { depthMax, valuesMax, containersMax = valuesMax, membersMax = Infinity, namedMembersMax = Infinity } = bounds
  // Each level takes a bracket at both ends, and each value but the first a byte of its own and a comma.
  if (body.length < 2 * depthMax && body.length < Math.min(valuesMax, containersMax, membersMax, namedMembersMax))
    return false
  let depth = 0
  let values = 1
  let containers = 0
  members[0] = elements
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] as number
    if (byte === quote) at = endOfText(body, at + 1)
    else if (byte === comma) {
      values++
      const count = (members[depth] ?? 0) + 1
      members[depth] = count
      if (count > membersMax || (count === namedMembersMax + 1 && isNamed(body, begun[depth] ?? 0))) return true
    }
    // A brace and a bracket differ in one bit from each other, and an end from its beginning in two.
    else if ((byte | lowerCaseBit) === openBrace) {
      values++
      if (++depth > depthMax || ++containers > containersMax) return true
      members[depth] = byte === openBrace ? 1 : elements
      begun[depth] = at
    } else if ((byte | lowerCaseBit) === closeBrace) depth--
    else continue
    if (values > valuesMax) return true
  }
  return false
}

const named: ReadonlySet<string> = new Set([
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'Expected',
  'KeyConditions',
  'QueryFilter',
  'ScanFilter',
  'RequestItems',
])
/** No name of these is as long. */
const nameBytesMax = 32

/** Whether the object that begins there is one of these parameters. A name with an escape may be any of them. */
function isNamed(body: Buffer, at: number): boolean {
  const colonAt = beforeBlanks(body, at)
  const end = beforeBlanks(body, colonAt)
  if (body[colonAt] !== colon || body[end] !== quote) return false
  const text = body.toString('latin1', Math.max(0, end - nameBytesMax), end)
  const name = text.slice(text.lastIndexOf('"') + 1)
  return named.has(name) || name.includes('\\')
}

/** The place of the last byte before that is no blank. */
function beforeBlanks(body: Buffer, from: number): number {
  let at = from - 1
  while (at > 0 && (body[at] as number) <= blank) at--
  return at
}

const blank = 0x20
const colon = 0x3a
const quote = 0x22
const comma = 0x2c
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
/** `[` with it is `{`, and `]` is `}`. */
const lowerCaseBit = 0x20

/** The place of the quote that ends the text, or the end of the body. */
function endOfText(body: Buffer, from: number): number {
  for (let at = from; at < body.length; at++) {
    const byte = body[at]
    if (byte === quote) return at
    if (byte === backslash) at++
  }
  return body.length
}
