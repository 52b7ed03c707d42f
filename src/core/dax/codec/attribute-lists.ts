/**
 * Lists of attribute names and their numbers. Items travel as values alone, behind the number of the list of their names, and clients remember
 * both ways. A number follows from its names, so a list has the same in every cache of a cluster and after a restart.
 */
import { murmur3 } from '../../key/partition-hash.ts'
import { attributeListBytesMax, attributeListsMax } from '../../limits/dax-limits.ts'
import { emptyListId } from '../protocol.ts'

export type AttributeList = { readonly id: number; readonly names: readonly string[] }

const emptyList: AttributeList = { id: emptyListId, names: [] }

const seedHigh = 0x44615861
const seedLow = 0x74747273
/** Bits of the number that come from the second hash: together 52, which every client holds exactly. */
const lowBits = 20
const entryOverheadBytes = 200
const nameOverheadBytes = 40
/** Numbers that are tried for a list, should another have its own. */
const triesMax = 16

type Kept = { readonly list: AttributeList; readonly text: string }

export class AttributeLists {
  /** In the order of their last use. */
  readonly #byId = new Map<number, Kept>()
  readonly #byText = new Map<string, AttributeList>()
  #bytes = 0
  #added: (names: readonly string[]) => void = () => {}

  /** `added` is told of every list that is new from now on. */
  onAdded(added: (names: readonly string[]) => void): void {
    this.#added = added
  }

  get count(): number {
    return this.#byId.size
  }

  /** The list of these names, in their order. */
  listOf(names: readonly string[]): AttributeList {
    if (names.length === 0) return emptyList
    const text = JSON.stringify(names)
    const known = this.#byText.get(text)
    if (known !== undefined) return this.#used(known, text)
    const list = { id: this.#freeId(text), names }
    this.#add(list, text)
    this.#added(names)
    return list
  }

  find(id: number): AttributeList | undefined {
    if (id === emptyListId) return emptyList
    const kept = this.#byId.get(id)
    return kept === undefined ? undefined : this.#used(kept.list, kept.text)
  }

  /** A list that an answer goes by which was made before: by now it may have gone. */
  keep(list: AttributeList): void {
    if (list.id === emptyListId || this.#byId.has(list.id)) return
    this.#add(list, JSON.stringify(list.names))
  }

  #add(list: AttributeList, text: string): void {
    this.#byId.set(list.id, { list, text })
    this.#byText.set(text, list)
    this.#bytes += sizeOf(list, text)
    for (const [id, oldest] of this.#byId) {
      if (this.#byId.size <= attributeListsMax && this.#bytes <= attributeListBytesMax) return
      if (id !== list.id) this.#drop(oldest)
    }
  }

  #drop({ list, text }: Kept): void {
    this.#byId.delete(list.id)
    this.#byText.delete(text)
    this.#bytes -= sizeOf(list, text)
  }

  #used(list: AttributeList, text: string): AttributeList {
    this.#byId.delete(list.id)
    this.#byId.set(list.id, { list, text })
    return list
  }

  #freeId(text: string): number {
    const bytes = Buffer.from(text)
    for (let n = 0; n < triesMax; n++) {
      const id = idOf(bytes, n)
      if (id > emptyListId && !this.#byId.has(id)) return id
    }
    throw new RangeError('no number is left for a list of attribute names')
  }
}

function idOf(bytes: Buffer, turn: number): number {
  const high = murmur3(bytes, 0, bytes.length, seedHigh + turn) >>> 0
  const low = murmur3(bytes, 0, bytes.length, seedLow + turn) >>> 0
  return high * 2 ** lowBits + (low >>> (32 - lowBits))
}

/** Its text, and its names once more, each of them an object; a letter takes up to two bytes. */
function sizeOf({ names }: AttributeList, text: string): number {
  return entryOverheadBytes + 4 * text.length + nameOverheadBytes * names.length
}
