/**
 * Counts the part of a table, or of an index, that an audit has walked so far. Writes go on meanwhile: one to a key that was
 * walked already changes the sum at once, and one to a later key is counted when the walk gets there. So the sum is exact
 * at every moment for the keys before `end`.
 */
export class Tally {
  items = 0
  bytes = 0
  /** The item collection that the walk is in, and the size of its part before `end`. */
  collection: { readonly key: Buffer; bytes: number } | undefined
  #from: Buffer
  #end: Buffer

  constructor(from: Buffer) {
    this.#from = from
    this.#end = from
  }

  /** The next unwalked key. */
  get end(): Buffer {
    return this.#end
  }

  /** Begins with another table or index. */
  restart(from: Buffer): void {
    this.items = 0
    this.bytes = 0
    this.collection = undefined
    this.#from = from
    this.#end = from
  }

  count(bytes: number): void {
    this.items += 1
    this.bytes += bytes
  }

  reach(end: Buffer): void {
    this.#end = end
  }

  /** A write at `at`. */
  follow(at: Buffer, items: number, bytes: number): void {
    if (!this.#isWalked(at)) return
    this.items += items
    this.bytes += bytes
  }

  followCollection(at: Buffer, collection: Buffer, growth: number): void {
    if (this.collection?.key.equals(collection) === true && this.#isWalked(at)) this.collection.bytes += growth
  }

  #isWalked(at: Buffer): boolean {
    return at.compare(this.#from) >= 0 && at.compare(this.#end) < 0
  }
}
