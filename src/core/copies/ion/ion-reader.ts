/**
 * Reads Ion text (https://amazon-ion.github.io/ion-docs/docs/spec.html) into DynamoDB's attribute values. What DynamoDB has no type for is a problem that is
 * named: timestamps, symbols as values, clobs, s-expressions, numbers that are not finite.
 */
import { type AttributeValue, type Item, setAttribute } from '../../attribute/value.ts'
import { ionDepthMax } from '../../limits/copy-limits.ts'
import { afterBlanks, afterQuoted, IonProblem, ionKeywords, unescaped } from './ion-tokens.ts'

/** The fields of one struct at the top of a file; annotations and version markers before it are passed over. Throws IonProblem. */
export function ionFields(text: string): ReadonlyMap<string, AttributeValue> {
  const reader = new IonReader(text)
  return reader.top()
}

type Set = 'SS' | 'NS' | 'BS'

const setTypes: ReadonlyMap<string, Set> = new Map([
  ['$dynamodb_SS', 'SS'],
  ['$dynamodb_NS', 'NS'],
  ['$dynamodb_BS', 'BS'],
])
const memberOf = { SS: 'S', NS: 'N', BS: 'B' } as const

const word = /[A-Za-z_$][A-Za-z0-9_$]*/y
const numberText = /[+-]?[0-9][0-9A-Za-z_.+-]*|[+-]inf/y
const wholeNumber = /^-?(0|[1-9](_?[0-9])*)$/
const decimalNumber = /^-?(0|[1-9](_?[0-9])*)(\.([0-9](_?[0-9])*)?)?([dDeE][+-]?[0-9]+)?$/
const basedNumber = /^(-?)(0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*|0[bB][01](?:_?[01])*)$/

class IonReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  top(): ReadonlyMap<string, AttributeValue> {
    while (this.#annotation() !== undefined || this.#versionMarker());
    const fields = new Map(this.#fields(0))
    if (this.#next() < this.#text.length) throw new IonProblem('something follows the struct')
    return fields
  }

  #versionMarker(): boolean {
    const [marker] = /^\$ion_\d+_\d+(?![A-Za-z0-9_$])/.exec(this.#text.slice(this.#next(), this.#at + 20)) ?? []
    if (marker === undefined) return false
    if (marker !== '$ion_1_0') throw new IonProblem(`${marker} is not read: Ion 1.0 is`)
    this.#at += marker.length
    return true
  }

  #value(depth: number): AttributeValue {
    if (depth > ionDepthMax) throw new IonProblem(`it is more than ${ionDepthMax} levels deep`)
    let set: Set | undefined
    for (let name = this.#annotation(); name !== undefined; name = this.#annotation()) set = setTypes.get(name) ?? set
    const value = this.#plain(depth)
    return set === undefined ? value : asSet(set, value)
  }

  #plain(depth: number): AttributeValue {
    const one = this.#text[this.#next()] ?? ''
    if (this.#text.startsWith('{{', this.#at)) return { B: this.#blob() }
    if (one === '{') return { M: itemOf(this.#fields(depth)) }
    if (one === '[') return { L: this.#list(depth) }
    if (one === '"' || this.#text.startsWith("'''", this.#at)) return { S: this.#string() }
    if (/[0-9+-]/.test(one)) return { N: this.#number() }
    return this.#keyword()
  }

  #fields(depth: number): readonly (readonly [string, AttributeValue])[] {
    const fields: (readonly [string, AttributeValue])[] = []
    this.#expect('{')
    while (!this.#takes('}')) {
      const name = this.#fieldName()
      this.#expect(':')
      fields.push([name, this.#value(depth + 1)])
      if (this.#takes(',')) continue
      this.#expect('}')
      break
    }
    return fields
  }

  #list(depth: number): readonly AttributeValue[] {
    const values: AttributeValue[] = []
    this.#expect('[')
    while (!this.#takes(']')) {
      values.push(this.#value(depth + 1))
      if (this.#takes(',')) continue
      this.#expect(']')
      break
    }
    return values
  }

  #fieldName(): string {
    const one = this.#text[this.#next()]
    if (one === '"' || this.#text.startsWith("'''", this.#at)) return this.#string()
    if (one === "'") return this.#quoted(1)
    return this.#match(word) ?? this.#refuse('a field has no name')
  }

  /** One that follows here, with its colons. */
  #annotation(): string | undefined {
    const from = this.#next()
    const isQuoted = this.#text[from] === "'" && !this.#text.startsWith("'''", from)
    const name = isQuoted ? this.#quoted(1) : this.#match(word)
    if (name !== undefined && this.#text.startsWith('::', this.#next())) {
      this.#at += 2
      return name
    }
    this.#at = from
    return undefined
  }

  /** Long strings that follow one another are one. */
  #string(): string {
    if (this.#text[this.#at] === '"') return this.#quoted(1)
    let text = ''
    while (this.#text.startsWith("'''", this.#next())) text += this.#quoted(3).replaceAll('\r\n', '\n')
    return text
  }

  #quoted(quoteLength: number): string {
    const end = afterQuoted(this.#text, this.#at) ?? this.#refuse('a quote is missing')
    const text = this.#text.slice(this.#at + quoteLength, end - quoteLength)
    this.#at = end
    return unescaped(text)
  }

  #blob(): string {
    const end = this.#text.indexOf('}}', this.#at)
    const text = this.#text.slice(this.#at + 2, end < 0 ? undefined : end)
    if (end < 0) this.#refuse('a blob does not end')
    const base64 = text.replaceAll(/\s/g, '')
    if (base64.startsWith('"') || base64.startsWith("'")) throw new IonProblem('a clob has no type of DynamoDB')
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) this.#refuse('a blob is no base64')
    this.#at = end + 2
    return base64
  }

  #number(): string {
    const text = this.#match(numberText) ?? this.#refuse('a number has no digits')
    const plain = text.replaceAll('_', '')
    if (wholeNumber.test(text)) return plain
    if (decimalNumber.test(text)) return plain.replace(/[dD]/, 'e').replace(/\.(?=e|$)/, '')
    const [, sign = '', based] = basedNumber.exec(text) ?? []
    if (based !== undefined) return `${sign}${BigInt(based.replaceAll('_', ''))}`
    return this.#refuse(`${text} has no type of DynamoDB`)
  }

  #keyword(): AttributeValue {
    const name = this.#match(word)
    if (name === 'true' || name === 'false') return { BOOL: name === 'true' }
    if (name === 'null') {
      // `null.string` is a null too.
      if (this.#text[this.#at] === '.') this.#at++
      if (this.#text[this.#at - 1] === '.') this.#match(word)
      return { NULL: true }
    }
    if (name === undefined || ionKeywords.has(name)) return this.#refuse('a value has no type of DynamoDB')
    return this.#refuse(`the symbol ${name} has no type of DynamoDB`)
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const [found] = pattern.exec(this.#text) ?? []
    if (found !== undefined) this.#at += found.length
    return found
  }

  #takes(mark: string): boolean {
    if (this.#text[this.#next()] !== mark) return false
    this.#at++
    return true
  }

  #expect(mark: string): void {
    if (!this.#takes(mark)) this.#refuse(`${mark} is missing`)
  }

  #next(): number {
    this.#at = afterBlanks(this.#text, this.#at) ?? this.#refuse('a comment does not end')
    return this.#at
  }

  #refuse(what: string): never {
    throw new IonProblem(`${what}, at character ${this.#at + 1}`)
  }
}

function itemOf(fields: readonly (readonly [string, AttributeValue])[]): Item {
  const item: Record<string, AttributeValue> = {}
  for (const [name, value] of fields) setAttribute(item, name, value)
  return item
}

function asSet(type: Set, value: AttributeValue): AttributeValue {
  const member = memberOf[type]
  const list = 'L' in value ? value.L : undefined
  const texts = list?.map((each) => (each as Readonly<Record<string, unknown>>)[member])
  if (texts === undefined || texts.some((text) => typeof text !== 'string'))
    throw new IonProblem(`$dynamodb_${type} is not before a list of ${member}`)
  return { [type]: texts as readonly string[] } as unknown as AttributeValue
}
