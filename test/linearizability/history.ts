/**
 * Histories: what clients asked, when, and what they were answered. A file of them has a line of JSON for each operation
 * (docs/design/histories.md), so that other checkers can read it, and is not trusted when it is read.
 */
import { z } from 'zod'

export const historyLinesMax = 1_000_000
export const historyLineBytesMax = 64 * 1024
const textMax = 4096

/** What a key holds; null is no item. */
export type Value = string | number | null

export type Action =
  | { readonly op: 'read' }
  | { readonly op: 'write'; readonly to: Value }
  | { readonly op: 'cas'; readonly from: Value; readonly to: Value }
  /** Adds to a counter, which is 0 without an item, on condition that it is below a bound. */
  | { readonly op: 'add'; readonly by: number; readonly below?: number | undefined }

/**
 * ok: it took effect once, between the two times. fail: its condition did not hold at a moment between them. unknown: it takes effect
 * at a moment after its invocation, or never. refused: it certainly never takes effect, and says nothing of the key.
 */
export type Outcome = 'ok' | 'fail' | 'unknown' | 'refused'

export type Operation = Action & {
  readonly process: string
  readonly key: string
  readonly invoked: number
  /** Null while no answer has come. */
  readonly returned: number | null
  readonly outcome: Outcome
  /** What the answer told: the value read; before a write or cas; after an add. Of what failed: the value that was there. */
  readonly value?: Value | undefined
  /** An eventually consistent read: it is not held against the order. */
  readonly consistency?: 'eventual' | undefined
}

export type History = { readonly initial: Value; readonly operations: readonly Operation[] }

const text = z.string().max(textMax)
const value = z.union([text, z.number(), z.null()])
const common = {
  process: text,
  key: text,
  invoked: z.number(),
  returned: z.number().nullable(),
  outcome: z.enum(['ok', 'fail', 'unknown', 'refused']),
  value: value.optional(),
  consistency: z.literal('eventual').optional(),
}
const operation = z
  .discriminatedUnion('op', [
    z.strictObject({ op: z.literal('read'), ...common }),
    z.strictObject({ op: z.literal('write'), to: value, ...common }),
    z.strictObject({ op: z.literal('cas'), from: value, to: value, ...common }),
    z.strictObject({ op: z.literal('add'), by: z.number(), below: z.number().optional(), ...common }),
  ])
  .superRefine((each, context) => {
    const wrong = contradictionIn(each)
    if (wrong !== undefined) context.addIssue({ code: 'custom', message: wrong })
  })
const header = z.strictObject({ history: z.literal(1), initial: value.default(null) })

function contradictionIn({ op, outcome, invoked, returned, value: told, ...rest }: Operation): string | undefined {
  if (returned === null && outcome !== 'unknown') return `an operation that never returned is unknown, not ${outcome}`
  if (returned !== null && returned < invoked) return 'it returned before it was invoked'
  if (op === 'read' && outcome === 'fail') return 'a read has no condition that could fail'
  if (op === 'write' && outcome === 'fail') return 'a write has no condition that could fail'
  if (op === 'read' && outcome === 'ok' && told === undefined) return 'a read that is ok has a value'
  if (op === 'add' && outcome === 'fail' && !('below' in rest)) return 'an add without a bound cannot fail'
  return undefined
}

/** Reads a file's lines; throws an error that names the first line that is wrong. */
export function parseHistory(lines: Iterable<string>): History {
  let initial: Value | undefined
  const operations: Operation[] = []
  let number = 0
  for (const line of lines) {
    number++
    if (line.trim() === '') continue
    if (number > historyLinesMax) throw new Error(`a history has at most ${historyLinesMax} lines`)
    if (Buffer.byteLength(line) > historyLineBytesMax)
      throw new Error(`line ${number} has more than ${historyLineBytesMax} bytes`)
    const json = jsonOf(line, number)
    if (initial === undefined) ({ initial } = checked(header, json, number))
    else operations.push(checked(operation, json, number))
  }
  if (initial === undefined) throw new Error('the first line of a history is {"history":1,"initial":null}')
  return { initial, operations }
}

function jsonOf(line: string, number: number): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    throw new Error(`line ${number} is no JSON`)
  }
}

function checked<T>(schema: z.ZodType<T>, json: unknown, number: number): T {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const { path, message } = result.error.issues[0] ?? { path: [], message: 'is wrong' }
  throw new Error(`line ${number}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`)
}

export function historyText({ initial, operations }: History): string {
  return [{ history: 1, initial }, ...operations].map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** The operations of each key, in the order of their invocations. */
export function byKey(operations: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> {
  const keys = new Map<string, Operation[]>()
  for (const each of operations.toSorted((a, b) => a.invoked - b.invoked)) {
    const list = keys.get(each.key)
    if (list === undefined) keys.set(each.key, [each])
    else list.push(each)
  }
  return keys
}
