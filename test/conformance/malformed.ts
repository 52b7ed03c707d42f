/**
 * Requests that are wrong in some way, or in several, or in none: inputs grown from the service model's own shapes
 * with junk put where it does not belong, then texts, bytes and headers damaged. A seed gives the same ones again.
 */
import { deflateSync, gzipSync } from 'node:zlib'
import { inputOf, operationNames } from '../../src/core/wire/model/shapes.ts'
import type { Shape, Structure } from '../../src/core/wire/model/shape.ts'
import { apiHeaders, type RawRequest } from './raw-request.ts'

/** At least 0, below 1. */
export type Random = () => number

export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `tables` are names that exist, so that some requests get past the first check. */
export function malformedRequest(random: Random, endpoint: string, tables: readonly string[]): RawRequest {
  const operation = pick(random, operationNames)
  const grower = new Grower(random, tables)
  const text = JSON.stringify(grower.structure(inputOf(operation), 0))
  const headers: Record<string, string> = { ...apiHeaders(operation) }
  const body = chance(random, 0.25) ? damaged(random, text) : Buffer.from(text)
  if (chance(random, 0.1)) damageHeaders(random, headers)
  return { endpoint, headers, body: encoded(random, body, headers) }
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T

export const chance = (random: Random, odds: number): boolean => random() < odds

const names = [
  'a',
  'b',
  'pk',
  'sk',
  '#a',
  ':a',
  '__proto__',
  'constructor',
  'toString',
  '',
  'é',
  '\u0000',
  '💥',
  'x'.repeat(300),
]
const numbers = ['0', '1', '-1', '1e125', '1e126', '1e-131', 'NaN', '', '٣', '0x1', '1'.repeat(39), '1e999999999', ' 1']
const expressions = [
  'a = :a',
  '#a = :a AND begins_with(b, :a)',
  'SET a = :a',
  'SET a[0].b = if_not_exists(a, :a) + :a REMOVE b',
  'attribute_exists(a) OR (a BETWEEN :a AND :a)',
  'a, b.c[0], #a',
  '('.repeat(200),
  'NOT '.repeat(400),
  'a'.repeat(5000),
  'SELECT * FROM "abc" WHERE a = ?',
  'INSERT INTO "abc" VALUE {\'a\': ?}',
  '',
]

/** Values of a shape, or of another. */
class Grower {
  readonly #random: Random
  readonly #tables: readonly string[]

  constructor(random: Random, tables: readonly string[]) {
    this.#random = random
    this.#tables = tables
  }

  structure(shape: Structure, depth: number): Record<string, unknown> {
    const grown: Record<string, unknown> = {}
    for (const { name, shape: target, required } of shape.members.values())
      if (required ? !this.#chance(0.05) : this.#chance(depth === 0 ? 0.25 : 0.5))
        grown[name] = this.#member(name, target, depth)
    if (this.#chance(0.05)) grown[pick(this.#random, names)] = this.#junk()
    return grown
  }

  #member(name: string, shape: Shape, depth: number): unknown {
    if (this.#chance(0.03)) return this.#junk()
    if (this.#tables.length > 0 && name === 'TableName' && !this.#chance(0.1)) return pick(this.#random, this.#tables)
    if (name.endsWith('Expression') || name === 'Statement') return pick(this.#random, expressions)
    return this.#value(shape, depth + 1)
  }

  #value(shape: Shape, depth: number): unknown {
    if (this.#chance(0.03)) return this.#junk()
    switch (shape.kind) {
      case 'structure':
        return this.structure(shape, depth)
      case 'attribute-value':
        return this.#attributeValue(0)
      case 'list':
        return this.#many(() => this.#value(shape.member, depth))
      case 'map': {
        const keys = shape.key.name === 'TableArn' ? [...this.#tables, 'abc'] : names
        return Object.fromEntries(this.#many(() => [pick(this.#random, keys), this.#value(shape.value, depth)]))
      }
      case 'scalar':
        if (shape.type === 'boolean') return this.#chance(0.5)
        if (shape.type === 'string') return pick(this.#random, shape.constraints.enum ?? [...names, ...this.#tables])
        if (shape.type === 'blob') return pick(this.#random, ['', 'AAAA', 'AA==', 'A', '????'])
        return pick(this.#random, [0, 1, 2, 100, -1, 1.5, 1e300, 2 ** 53])
      default:
        return this.#junk()
    }
  }

  #attributeValue(depth: number): unknown {
    const type = pick(this.#random, ['S', 'S', 'N', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M', 'X'])
    if (this.#chance(0.03)) return this.#junk()
    const strings = (from: readonly string[]): readonly string[] => this.#many(() => pick(this.#random, from))
    const inner = (): unknown => (depth > 3 ? { S: 'a' } : this.#attributeValue(depth + 1))
    const values: Readonly<Record<string, () => unknown>> = {
      S: () => pick(this.#random, names),
      N: () => pick(this.#random, numbers),
      B: () => pick(this.#random, ['', 'AAAA', 'AB==', 'A']),
      BOOL: () => this.#chance(0.5),
      NULL: () => this.#chance(0.8),
      SS: () => strings(names),
      NS: () => strings(numbers),
      BS: () => strings(['', 'AAAA', 'AA==']),
      L: () => this.#many(inner),
      M: () => Object.fromEntries(this.#many(() => [pick(this.#random, names), inner()])),
    }
    const grown = { [type]: values[type]?.() ?? this.#junk() }
    return this.#chance(0.03) ? { ...grown, N: '1', S: 'a' } : grown
  }

  #junk(): unknown {
    const deep = (levels: number): unknown => (levels === 0 ? 1 : { L: [deep(levels - 1)] })
    return pick<() => unknown>(this.#random, [
      () => null,
      () => true,
      () => -0.5,
      () => 1e308,
      () => '',
      () => 'x'.repeat(70_000),
      () => '\ud800',
      () => [],
      () => [[[]]],
      () => ({}),
      () => [null],
      () => ({ S: { S: 'a' } }),
      () => ({ a: null }),
      () => deep(100),
      () => Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`k${n}`, n])),
    ])()
  }

  #many<T>(grow: () => T): T[] {
    return Array.from({ length: pick(this.#random, [0, 1, 1, 2, 3, 30]) }, grow)
  }

  #chance(odds: number): boolean {
    return chance(this.#random, odds)
  }
}

/** The text with bytes cut off, put in, doubled or changed. */
export function damaged(random: Random, text: string): Buffer {
  const bytes = Buffer.from(text)
  const at = Math.floor(random() * (bytes.length + 1))
  const to = Math.min(bytes.length, at + Math.floor(random() * 20))
  const between = pick<() => Buffer>(random, [
    () => Buffer.alloc(0),
    () => Buffer.from([Math.floor(random() * 256)]),
    () => Buffer.from('"S":{"S":"a"},"S":'),
    () => Buffer.from('['.repeat(100_000)),
    () => Buffer.from('{"a":'.repeat(50_000)),
    () => Buffer.from(`${'9'.repeat(1000)}e${'9'.repeat(20)}`),
    () => Buffer.from(String.raw`"\ud800\u0000"`),
    () => Buffer.from([0xc0, 0x80, 0xed, 0xa0, 0x80, 0xff]),
  ])()
  return Buffer.concat([bytes.subarray(0, at), between, bytes.subarray(chance(random, 0.3) ? bytes.length : to)])
}

export function damageHeaders(random: Random, headers: Record<string, string>): void {
  const name = pick(random, [...Object.keys(headers), 'Accept-Encoding', 'Origin', 'X-Amz-Security-Token'])
  if (chance(random, 0.5)) delete headers[name]
  else
    headers[name] = pick(random, [
      '',
      ' ',
      'x',
      '\u00ff\u00fe',
      'a=b, c',
      'gzip',
      'AWS4-',
      `${headers[name]}x`,
      'y'.repeat(4000),
    ])
}

export function encoded(random: Random, body: Buffer, headers: Record<string, string>): Buffer {
  if (!chance(random, 0.1)) return body
  const encoding = pick(random, ['gzip', 'deflate', 'br', 'identity', 'GZIP'])
  headers['Content-Encoding'] = encoding
  const compressed = encoding === 'deflate' ? deflateSync(body) : gzipSync(body)
  return chance(random, 0.2) ? compressed.subarray(0, compressed.length / 2) : compressed
}
