/** Reads the fields of a control message, each with its check: every byte comes from outside. */
import type { ClockState } from '../hybrid-logical-clock/hybrid-logical-clock.ts'
import { controlSizeBytesMax } from '../limits/limits.ts'
import { bodyOf, expectKind } from './message.ts'

export type Fields = Readonly<Record<string, unknown>>

export function fieldsOf(payload: Buffer): Fields {
  expectKind(payload, 'control')
  if (payload.length > controlSizeBytesMax) throw new RangeError('a control message that is too long')
  let value: unknown
  try {
    value = JSON.parse(bodyOf(payload).toString('utf8'))
  } catch {
    throw new RangeError('a control message that is no JSON')
  }
  return record(value)
}

export function clockOf(fields: Fields, name = 'clock'): ClockState {
  const clock = record(fields[name])
  return { wallMs: natural(clock, 'wallMs'), counter: natural(clock, 'counter') }
}

export function record(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RangeError('not an object')
  return value as Fields
}

export function text(fields: Fields, name: string): string {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (typeof value !== 'string') throw new RangeError(`${name} is no text`)
  return value
}

/** A field that is there, and true, or not there at all. */
export function flag<Name extends string>(fields: Fields, name: Name): { readonly [Key in Name]?: true } {
  return fields[name] === true ? ({ [name]: true } as { readonly [Key in Name]?: true }) : {}
}

/** What is remembered of a peer has a bound. */
export function shortText(fields: Fields, name: string, lengthMax: number): string {
  const value = text(fields, name)
  if (value.length > lengthMax) throw new RangeError(`${name} is longer than ${lengthMax}`)
  return value
}

/** Positions, counts and milliseconds: what fits 48 bits. */
export function natural(fields: Fields, name: string): number {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= 2 ** 48)
    throw new RangeError(`${name} is no whole number`)
  return value
}

export function manyOf<T>(value: unknown, countMax: number, read: (fields: Fields, name: string) => T): T[] {
  if (!Array.isArray(value) || value.length > countMax) throw new RangeError(`no list of at most ${countMax}`)
  return value.map((each: unknown) => read({ each }, 'each'))
}

export function list(fields: Fields, name: string, countMax: number): Fields[] {
  const value = fields[name]
  if (!Array.isArray(value) || value.length > countMax)
    throw new RangeError(`${name} is no list of at most ${countMax}`)
  return value.map(record)
}
