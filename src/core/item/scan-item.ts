/**
 * What a peer's item must be held against, told in one pass over its JSON without making anything of it: that it is an item
 * by its form, DynamoDB's size of it, and where its key attributes' values stand. Every replicated change is looked at like
 * this; to parse it costs several times as much, and nobody needs the values unless the table has indexes.
 *
 * Only what a region writes itself is read: JSON as JSON.stringify makes it, in valid UTF-8, of values as they are after all
 * checks (numbers in canonical text, sets without twins). Of whatever is or might be something else (an escape that is rare, a
 * name that stands there twice, deep nesting, garbage), nothing is told, and the caller parses it. So clients' items are
 * read like this too (sent-item.ts).
 */
import { canonicalNumber, numberSizeBytes } from '../attribute/number.ts'
import { attributeNameSizeBytesMax } from '../limits/limits.ts'
import { base64Problem } from '../wire/base64.ts'

export type ScannedItem = {
  readonly sizeBytes: number
  readonly partition: ScannedValue | undefined
  readonly sort: ScannedValue | undefined
}

/** The text between the quotes; without escapes, so that it is the value itself. */
export type ScannedValue = { readonly type: 'S' | 'N' | 'B'; readonly from: number; readonly to: number }

/** Undefined for what takes parsing to be told. */
export function scanItem(body: Buffer, partition: string, sort: string | undefined): ScannedItem | undefined {
  const scan = new Scan(body, { partition, sort })
  const sizeBytes = scan.members(0)
  if (sizeBytes === unsure || scan.at !== body.length) return undefined
  return { sizeBytes, partition: scan.partition, sort: scan.sort }
}

export type ScannedMember = ScannedValue & { readonly nameFrom: number; readonly nameTo: number }

export type ScannedAt = {
  readonly sizeBytes: number
  /** Where the item ends. */
  readonly to: number
  /** All that may be a key. */
  readonly members: readonly ScannedMember[]
  /** How many values a parser would make of it, as core/wire/body-scan.ts counts them. */
  readonly values: number
}

/** An item that begins at `at`. */
export function scanItemAt(bytes: Buffer, at: number): ScannedAt | undefined {
  const members: ScannedMember[] = []
  const scan = new Scan(bytes, { members })
  scan.at = at
  const sizeBytes = scan.members(0)
  return sizeBytes === unsure ? undefined : { sizeBytes, to: scan.at, members, values: scan.values }
}

const unsure = -1
/** Deeper items are rare, and how deep one may be is checked where it is parsed. */
const depthMax = 8
/** Every name of a map, and every element of a set, is compared with those before it. */
const namesMax = 32
const documentOverheadBytes = 3
const memberOverheadBytes = 1

const quote = 0x22
const comma = 0x2c
const minus = 0x2d
const zero = 0x30
const nine = 0x39
const colon = 0x3a
const opening = 0x5b
const backslash = 0x5c
const closing = 0x5d
const brace = 0x7b
const endBrace = 0x7d

/** What is to be told of: the key's values alone, or every one that may be a key's. */
type Wanted = { readonly partition: string; readonly sort: string | undefined } | { readonly members: ScannedMember[] }

/**
 * Of the maps and sets that are open: where each of their names or elements begins, and how long it is. One scan at a time goes on,
 * and an array that grows and is cut again for each was a tenth of what a scan costs.
 */
const names = new Uint32Array((depthMax + 2) * namesMax * 2)

/** Each method reads on from `at` and returns a size, or `unsure`. */
class Scan {
  at = 0
  /** Braces, brackets and commas so far. */
  values = 0
  partition: ScannedValue | undefined
  sort: ScannedValue | undefined
  readonly #bytes: Buffer
  readonly #partition: string
  readonly #sort: string | undefined
  readonly #told: ScannedMember[] | undefined
  #named = 0
  #members = 0
  /** Of the value just read, if it may be a key's: numbers rather than an object, since most values are none. */
  #type: ScannedValue['type'] | undefined
  #from = 0
  #to = 0

  constructor(bytes: Buffer, wanted: Wanted) {
    this.#bytes = bytes
    this.#partition = 'members' in wanted ? '' : wanted.partition
    this.#sort = 'members' in wanted ? undefined : wanted.sort
    this.#told = 'members' in wanted ? wanted.members : undefined
  }

  /** A map's names and values; how many they are stays in `#members`. */
  members(depth: number): number {
    if (depth > depthMax || !this.#takes(brace)) return unsure
    this.values++
    const outer = this.#named
    let size = 0
    if (this.#bytes[this.at] === endBrace) this.at++
    else
      for (;;) {
        const member = this.#member(depth, outer)
        if (member === unsure) return unsure
        size += member
        if (this.#takes(endBrace)) break
        if (!this.#takesComma()) return unsure
      }
    this.#members = (this.#named - outer) / 2
    this.#named = outer
    return size
  }

  #member(depth: number, outer: number): number {
    const from = this.at + 1
    const nameSize = this.#text()
    const length = this.at - 1 - from
    if (nameSize === unsure || nameSize !== length || !this.#takes(colon)) return unsure
    if (length > attributeNameSizeBytesMax || (length === 0 && depth === 0)) return unsure
    if (this.#isKnown(from, length, outer)) return unsure
    this.#name(from, length)
    this.#type = undefined
    const valueSize = this.#value(depth)
    if (valueSize === unsure) return unsure
    if (depth === 0 && this.#type !== undefined) this.#noteKey(from, length, this.#type)
    return nameSize + valueSize
  }

  /** Two of one name are not what a region writes, nor two equal elements of a set. */
  #isKnown(from: number, length: number, outer: number): boolean {
    if (this.#named - outer >= namesMax * 2) return true
    for (let n = outer; n < this.#named; n += 2)
      if (names[n + 1] === length && this.#isSame(names[n] as number, from, length)) return true
    return false
  }

  #name(from: number, length: number): void {
    names[this.#named++] = from
    names[this.#named++] = length
  }

  #isSame(a: number, b: number, length: number): boolean {
    const bytes = this.#bytes
    for (let n = 0; n < length; n++) if (bytes[a + n] !== bytes[b + n]) return false
    return true
  }

  #noteKey(from: number, length: number, type: ScannedValue['type']): void {
    if (this.#told !== undefined)
      this.#told.push({ nameFrom: from, nameTo: from + length, type, from: this.#from, to: this.#to })
    else if (this.#isNamed(this.#partition, from, length)) this.partition = { type, from: this.#from, to: this.#to }
    else if (this.#sort !== undefined && this.#isNamed(this.#sort, from, length))
      this.sort = { type, from: this.#from, to: this.#to }
  }

  #mayBeKey(type: ScannedValue['type'], from: number, to: number): void {
    this.#type = type
    this.#from = from
    this.#to = to
  }

  /** Names beyond ASCII are never found here: their bytes are more than their characters. */
  #isNamed(name: string, from: number, length: number): boolean {
    if (name.length !== length) return false
    for (let n = 0; n < length; n++) if (name.charCodeAt(n) !== this.#bytes[from + n]) return false
    return true
  }

  /** {"S":"…"} */
  #value(depth: number): number {
    const bytes = this.#bytes
    const at = this.at
    if (bytes[at] !== brace || bytes[at + 1] !== quote) return unsure
    this.values++
    const size = bytes[at + 3] === quote ? this.#single(bytes[at + 2] ?? 0, depth) : this.#longer()
    return size !== unsure && this.#takes(endBrace) ? size : unsure
  }

  #single(type: number, depth: number): number {
    this.at += 4
    if (!this.#takes(colon)) return unsure
    switch (type) {
      case 0x53:
        return this.#string()
      case 0x4e:
        return this.#number()
      case 0x42:
        return this.#binary()
      case 0x4d: {
        const size = this.members(depth + 1)
        this.#type = undefined
        return size === unsure ? unsure : documentOverheadBytes + size + this.#members * memberOverheadBytes
      }
      case 0x4c:
        return this.#list(depth)
      default:
        return unsure
    }
  }

  #longer(): number {
    const bytes = this.#bytes
    if (bytes[this.at + 4] === quote && bytes[this.at + 3] === 0x53) return this.#set(bytes[this.at + 2])
    for (const literal of literals) if (this.#takesText(literal)) return 1
    return unsure
  }

  #string(): number {
    const from = this.at + 1
    const size = this.#text()
    const to = this.at - 1
    if (size === to - from) this.#mayBeKey('S', from, to)
    return size
  }

  #binary(): number {
    const from = this.at + 1
    const size = this.#text()
    const to = this.at - 1
    if (size === unsure || size !== to - from || base64Problem(this.#latin1(from, to)) !== undefined) return unsure
    this.#mayBeKey('B', from, to)
    const padding = this.#bytes[to - 1] !== 0x3d ? 0 : this.#bytes[to - 2] !== 0x3d ? 1 : 2
    return size === 0 ? 0 : (size / 4) * 3 - padding
  }

  #number(): number {
    const bytes = this.#bytes
    if (!this.#takes(quote)) return unsure
    const from = this.at
    const whole = bytes[from] === minus ? from + 1 : from
    let at = whole
    let significantTo = whole
    for (; at < bytes.length; at++) {
      const digit = bytes[at] as number
      if (digit < zero || digit > nine) break
      if (digit !== zero) significantTo = at + 1
    }
    const isShort = bytes[at] === quote && at > whole && at - whole <= 15 && bytes[whole] !== zero
    if (!isShort) return this.#otherNumber(from)
    this.at = at + 1
    this.#mayBeKey('N', from, at)
    const pairs = (significantTo - whole + ((at - whole) & 1) + 1) >> 1
    return 1 + pairs + (whole > from ? 1 : 0)
  }

  #otherNumber(from: number): number {
    const to = this.#bytes.indexOf(quote, from)
    const text = to === unsure || to - from > numberTextMax ? '' : this.#latin1(from, to)
    if (canonicalNumber(text) !== text) return unsure
    this.at = to + 1
    this.#mayBeKey('N', from, to)
    return numberSizeBytes(text)
  }

  #list(depth: number): number {
    if (depth > depthMax || !this.#takes(opening)) return unsure
    this.values++
    let size = documentOverheadBytes
    if (this.#takes(closing)) return size
    for (;;) {
      const element = this.#value(depth + 1)
      if (element === unsure) return unsure
      size += element + memberOverheadBytes
      if (this.#takes(closing)) break
      if (!this.#takesComma()) return unsure
    }
    this.#type = undefined
    return size
  }

  /** Neither empty elements nor two that are equal, which then are so by their texts, are what a region takes. */
  #set(type: number | undefined): number {
    this.at += 5
    if (!this.#takes(colon) || !this.#takes(opening)) return unsure
    this.values++
    const outer = this.#named
    let size = 0
    for (;;) {
      const from = this.at
      const element = type === 0x53 ? this.#string() : type === 0x4e ? this.#number() : this.#binaryOf(type)
      if (element === unsure || element === 0 || this.#isKnown(from, this.at - from, outer)) return unsure
      this.#name(from, this.at - from)
      size += element
      if (this.#takes(closing)) break
      if (!this.#takesComma()) return unsure
    }
    this.#named = outer
    this.#type = undefined
    return size
  }

  #binaryOf(type: number | undefined): number {
    return type === 0x42 ? this.#binary() : unsure
  }

  /** A string with its quotes; its size is that of its text. */
  #text(): number {
    const bytes = this.#bytes
    const end = bytes.length
    if (!this.#takes(quote)) return unsure
    let at = this.at
    let left = at
    while (at < end) {
      const byte = bytes[at] as number
      if (byte === quote) {
        this.at = at + 1
        return at - left
      }
      if (byte >= 0x80) {
        at = this.#afterCharacter(at)
        if (at === unsure) return unsure
      } else if (byte === backslash) {
        if (!isShortEscape(bytes[at + 1] ?? 0)) return unsure
        at += 2
        left++
      } else if (byte < 0x20) return unsure
      else at++
    }
    return unsure
  }

  /** Where the character of several bytes ends. */
  #afterCharacter(at: number): number {
    const bytes = this.#bytes
    const lead = bytes[at] as number
    const more = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 0
    if (more === 0 || at + more >= bytes.length) return unsure
    let code = lead & (0x3f >> more)
    for (let n = 1; n <= more; n++) {
      const byte = bytes[at + n] as number
      if ((byte & 0xc0) !== 0x80) return unsure
      code = (code << 6) | (byte & 0x3f)
    }
    const isSurrogate = code >= 0xd800 && code <= 0xdfff
    const isTooShort = (more === 2 && code < 0x800) || (more === 3 && code < 0x10000)
    return isSurrogate || isTooShort || code > 0x10ffff ? unsure : at + more + 1
  }

  #takes(byte: number): boolean {
    if (this.at >= this.#bytes.length || this.#bytes[this.at] !== byte) return false
    this.at++
    return true
  }

  #takesComma(): boolean {
    this.values++
    return this.#takes(comma)
  }

  #takesText(text: string): boolean {
    const to = this.at + text.length
    if (to > this.#bytes.length) return false
    for (let n = 0; n < text.length; n++) if (this.#bytes[this.at + n] !== text.charCodeAt(n)) return false
    this.at = to
    return true
  }

  #latin1(from: number, to: number): string {
    return this.#bytes.toString('latin1', from, to)
  }
}

/** All digits and zeros that a number's text may have. */
const numberTextMax = 200

const literals = ['{"BOOL":true', '{"BOOL":false', '{"NULL":true']

/** Of characters that are one byte and that JSON.stringify writes as two. */
function isShortEscape(byte: number): boolean {
  switch (byte) {
    case quote:
    case backslash:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return true
    default:
      return false
  }
}
