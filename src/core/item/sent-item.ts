/**
 * An item as a request brings it, in the very bytes that its row will keep: told of in one pass (scan-item.ts), which costs a
 * fourth of parsing it, checking it and making text of it again. Parsed only if somebody looks inside.
 *
 * It stands in a request's input in the place of the parsed item and has no members of its own there: what looks at members, to
 * coerce or to check them, finds nothing to do, as everything has been checked already. Whoever takes its place for an item's
 * is stopped by its type.
 */
import { type AttributeValue, type Item, setAttribute } from '../attribute/value.ts'
import { sizeOfItem } from '../attribute/size.ts'
import { itemSizeBytesMax } from '../limits/limits.ts'
import type { KeyAttribute, KeySchema } from '../table/table.ts'
import { decodeItem } from './item-bytes.ts'
import { type ScannedAt, type ScannedMember, scanItemAt } from './scan-item.ts'

export class SentItem {
  readonly #bytes: Buffer
  readonly #from: number
  readonly #to: number
  readonly #members: readonly ScannedMember[]
  readonly #sizeBytes: number
  readonly #values: number
  #parsed: Item | undefined
  /** Its key by the schema that was asked for last: several stages of one request ask for the same. */
  #key: { readonly schema: KeySchema; readonly item: Item | undefined } | undefined

  private constructor(bytes: Buffer, from: number, scanned: ScannedAt) {
    this.#bytes = bytes
    this.#from = from
    this.#to = scanned.to
    this.#members = scanned.members
    this.#sizeBytes = scanned.sizeBytes
    this.#values = scanned.values
  }

  /** Undefined for what takes parsing to be told, and for what is wrong. */
  static at(bytes: Buffer, from: number): SentItem | undefined {
    const scanned = scanItemAt(bytes, from)
    return scanned === undefined || scanned.sizeBytes > itemSizeBytesMax
      ? undefined
      : new SentItem(bytes, from, scanned)
  }

  /** Where it ends in the bytes that it came in. */
  get to(): number {
    return this.#to
  }

  /** How many values a parser would make of it (core/wire/body-scan.ts). */
  get values(): number {
    return this.#values
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Its JSON. */
  get body(): Buffer {
    return this.#bytes.subarray(this.#from, this.#to)
  }

  item(): Item {
    this.#parsed ??= decodeItem(this.body)
    return this.#parsed
  }

  /** The attributes of the key alone; undefined where one of them is missing or of another type. */
  keyBy(schema: KeySchema): Item | undefined {
    if (this.#key?.schema !== schema) this.#key = { schema, item: this.#keyBy(schema) }
    return this.#key.item
  }

  #keyBy({ partition, sort }: KeySchema): Item | undefined {
    const item: Record<string, AttributeValue> = {}
    return this.#addTo(item, partition) && this.#addTo(item, sort) ? item : undefined
  }

  #addTo(item: Record<string, AttributeValue>, parts: readonly KeyAttribute[]): boolean {
    for (const part of parts) {
      const value = this.#valueOf(part)
      if (value === undefined) return false
      setAttribute(item, part.name, value)
    }
    return true
  }

  toJSON(): Item {
    return this.item()
  }

  #valueOf({ name, type }: KeyAttribute): AttributeValue | undefined {
    for (const member of this.#members) {
      if (member.type !== type || !this.#isNamed(member, name)) continue
      const text = this.#bytes.toString('utf8', member.from, member.to)
      return type === 'S' ? { S: text } : type === 'N' ? { N: text } : { B: text }
    }
    return undefined
  }

  /** Names beyond ASCII are never found: their bytes are more than their characters. */
  #isNamed({ nameFrom, nameTo }: ScannedMember, name: string): boolean {
    if (nameTo - nameFrom !== name.length) return false
    for (let n = 0; n < name.length; n++) if (name.charCodeAt(n) !== this.#bytes[nameFrom + n]) return false
    return true
  }
}

/** An item to be put. */
export type NewItem = Item | SentItem

export const sizeOfNewItem = (item: NewItem): number => (item instanceof SentItem ? item.sizeBytes : sizeOfItem(item))

export const parsedItem = (item: NewItem): Item => (item instanceof SentItem ? item.item() : item)
