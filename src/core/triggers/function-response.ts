/** What a function's answer to a batch says of it: that it is done, that it failed, or from which record on it is to be sent again. */
import { triggerWindowStateBytesMax } from '../limits/trigger-limits.ts'
import { isObject } from '../wire/json.ts'

export type Verdict =
  | { readonly kind: 'done'; readonly window?: WindowState | undefined }
  | { readonly kind: 'failed' }
  /** Records before this place in the batch are done. */
  | { readonly kind: 'partly'; readonly from: number; readonly window?: WindowState | undefined }

export type WindowState = { readonly state: string; readonly isTooLarge: boolean }

export type Asked = {
  readonly reportsFailures: boolean
  /** A tumbling window is open: the answer must hold its state. */
  readonly hasWindow: boolean
  /** Of the records of the batch, in their order. */
  readonly sequences: readonly string[]
}

export function verdictOf(payload: string, asked: Asked): Verdict {
  const answer = parsed(payload)
  const window = asked.hasWindow ? windowOf(answer) : undefined
  if (asked.hasWindow && window === undefined) return { kind: 'failed' }
  if (!asked.reportsFailures) return { kind: 'done', window }
  const failures = isObject(answer) ? (answer['batchItemFailures'] ?? []) : []
  if (!Array.isArray(failures)) return { kind: 'failed' }
  if (failures.length === 0) return { kind: 'done', window }
  const known = new Map(asked.sequences.map((sequence, place) => [sequence, place]))
  const places = failures.map((failure: unknown) => placeOf(failure, known))
  const from = places.reduce((least, place) => Math.min(least, place), Infinity)
  return places.includes(-1) || from === 0 ? { kind: 'failed' } : { kind: 'partly', from, window }
}

/** -1 for what names no record of the batch. */
function placeOf(failure: unknown, known: ReadonlyMap<string, number>): number {
  const identifier = isObject(failure) ? failure['itemIdentifier'] : undefined
  return typeof identifier === 'string' ? (known.get(identifier) ?? -1) : -1
}

/** Undefined for what is no JSON: a function that answers nothing is one of these. */
function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload) as unknown
  } catch {
    return undefined
  }
}

function windowOf(answer: unknown): WindowState | undefined {
  const state = isObject(answer) ? answer['state'] : undefined
  if (!isObject(state)) return undefined
  const text = JSON.stringify(state)
  return { state: text, isTooLarge: Buffer.byteLength(text) > triggerWindowStateBytesMax }
}
