/**
 * Reads what can be proved of a damaged store, without LMDB: leaves that pass all checks and to which checked branches lead. What
 * lies behind a damaged page is left out, and the keys that it may have held are known by its neighbours.
 */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry, Range } from '../../ports/store.ts'
import { byBytes, newestMeta } from './lmdb-file.ts'
import { Damage, damageUnless, type Meta, metaIn, PageFile } from './lmdb-pages.ts'
import { databaseName, pageSizeBytes } from './lmdb-store.ts'
import { type Bounds, TreeWalk } from './lmdb-walk.ts'

export class DamagedStore {
  readonly #descriptor: number
  readonly #file: PageFile
  readonly #meta: Meta | undefined
  /** Keys that may be missing. */
  readonly #lost: Bounds[] = []

  constructor(folder: string) {
    this.#descriptor = openSync(join(folder, databaseName), 'r')
    this.#file = new PageFile(this.#descriptor, pageSizeBytes)
    this.#meta = this.#readMeta()
  }

  *entries({ from, to }: Range): Generator<Entry> {
    const meta = this.#meta
    if (meta === undefined) return
    const found: Entry[] = []
    const visited = new Set<number>()
    const walk = new TreeWalk({
      file: this.#file,
      meta,
      tree: meta.main,
      compare: byBytes,
      from: Buffer.from(from),
      claim: (page) => {
        damageUnless(page >= 2 && !visited.has(page), page, 'it cannot belong to the tree')
        visited.add(page)
      },
      onEntry: (key, value) => {
        const isWithin = Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0
        if (!isWithin) return
        const bytes = 'page' in value ? this.#file.readValue(value.page, value.sizeBytes) : Buffer.from(value.bytes)
        found.push({ key: Buffer.from(key), value: bytes })
      },
      onDamage: (_, bounds) => this.#lost.push(copyOf(bounds)),
    })
    while (walk.step()) {
      yield* found.splice(0)
      if (walk.lastKey !== undefined && Buffer.compare(walk.lastKey, to) >= 0) return
    }
    yield* found
  }

  isPartial({ from, to }: Range): boolean {
    return this.#lost.some(
      ({ low, high }) =>
        (low === undefined || Buffer.compare(low, to) < 0) && (high === undefined || Buffer.compare(high, from) > 0),
    )
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  /** Where the newest cannot be read, the other meta page leads to the state one write before: something may be missing anywhere. */
  #readMeta(): Meta | undefined {
    try {
      return newestMeta(this.#file)
    } catch {
      this.#lost.push({ low: undefined, high: undefined })
    }
    const page = this.#file.page()
    const metas = [0, 1].flatMap((number) => {
      try {
        return [metaIn(this.#file.read(number, page), pageSizeBytes)]
      } catch {
        return []
      }
    })
    return metas.toSorted((a, b) => b.transaction - a.transaction).find((meta) => this.#leads(meta))
  }

  #leads(meta: Meta): boolean {
    try {
      const { root } = meta.main
      if (root === undefined) return true
      const page = this.#file.read(root, this.#file.page())
      page.checkNodes(page.looksLikeLeaf(), meta)
      return true
    } catch (error) {
      if (error instanceof Damage) return false
      throw error
    }
  }
}

function copyOf({ low, high }: Bounds): Bounds {
  return { low: low && Buffer.from(low), high: high && Buffer.from(high) }
}
