/**
 * Bodies of requests that put items: the items are left in their bytes (core/item/sent-item.ts) and what stands around them is
 * parsed. The pass over an item counts its values, so that only what stands around the items is scanned before it is parsed (body-scan.ts). Nothing is
 * told of a body with anything unusual in it, or too large for a parser; the caller looks at that whole, and finds there what is wrong.
 */
import { SentItem } from '../item/sent-item.ts'
import { exceedsBody } from './body-scan.ts'
import { isObject } from './json.ts'

/** Where the items are; '*' is any member or element. */
const places: ReadonlyMap<string, readonly string[]> = new Map([
  ['PutItem', ['Item']],
  ['BatchWriteItem', ['RequestItems', '*', '*', 'PutRequest', 'Item']],
  ['TransactWriteItems', ['TransactItems', '*', 'Put', 'Item']],
])

/** The body with its items in their places, or undefined. */
export function parseAroundItems(operation: string, body: Buffer): unknown {
  const place = places.get(operation)
  if (place === undefined) return undefined
  const cut = cutItems(body, place.length)
  if (cut === undefined || cut.items.length === 0) return undefined
  if (exceedsBody(operation, Buffer.from(cut.rest), cut.values)) return undefined
  const whole = parsed(cut.rest)
  // Something else had an item's place, or an item was elsewhere.
  return putBack(whole, { place, items: cut.items }, 0) === cut.items.length ? whole : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

type Cut = {
  readonly items: readonly SentItem[]
  /** Of the items. */
  readonly values: number
  /** The body with their numbers instead of them. */ readonly rest: string
}

/** Items are values of members with their name, this deep. */
function cutItems(body: Buffer, depth: number): Cut | undefined {
  const items: SentItem[] = []
  let rest = ''
  let values = 0
  let from = 0
  let open = 0
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] as number
    if (byte === brace || byte === bracket) open++
    else if (byte === endBrace || byte === endBracket) open--
    if (byte !== quote) continue
    const end = endOfString(body, at + 1)
    if (end === undefined) return undefined
    if (open === depth && isAt(body, at + 1, name)) {
      // With blanks, or no item at all.
      const item = isAt(body, end, before) ? SentItem.at(body, end + before.length - 1) : undefined
      if (item === undefined) return undefined
      rest += body.toString('utf8', from, end + before.length - 1) + items.length
      items.push(item)
      values += item.values
      from = item.to
      at = from - 1
    } else at = end
  }
  return { items, values, rest: rest + body.toString('utf8', from) }
}

const quote = 0x22
const bracket = 0x5b
const backslash = 0x5c
const endBracket = 0x5d
const brace = 0x7b
const endBrace = 0x7d
const name = Buffer.from('Item"')
/** From the end of the name to the beginning of the item. */
const before = Buffer.from('":{')

/** Undefined where it has an escape: one can spell a name in another way. */
function endOfString(body: Buffer, from: number): number | undefined {
  for (let at = from; at < body.length; at++) {
    if (body[at] === quote) return at
    if (body[at] === backslash) return undefined
  }
  return undefined
}

function isAt(body: Buffer, at: number, text: Buffer): boolean {
  for (let n = 0; n < text.length; n++) if (body[at + n] !== text[n]) return false
  return true
}

type Back = { readonly place: readonly string[]; readonly items: readonly SentItem[] }

/** Returns how many were put back in the value that stands at this step of the place. */
function putBack(value: unknown, back: Back, at: number): number {
  if (typeof value !== 'object' || value === null) return 0
  const fields = value as Record<string, unknown>
  const { place, items } = back
  const step = place[at] as string
  if (step === '*') {
    let count = 0
    for (const each of Array.isArray(value) ? (value as unknown[]) : Object.values(fields))
      count += putBack(each, back, at + 1)
    return count
  }
  if (!isObject(value) || !Object.hasOwn(fields, step)) return 0
  const held = fields[step]
  if (at + 1 < place.length) return putBack(held, back, at + 1)
  const item = typeof held === 'number' ? items[held] : undefined
  if (item === undefined) return 0
  fields[step] = item
  return 1
}
