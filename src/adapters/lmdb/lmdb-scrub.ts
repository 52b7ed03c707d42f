/**
 * Checks the pages of a store that is in use, a few at a time, round after round. The check at the start sees what a stop has left;
 * this one sees what changes while the node runs, before LMDB has answered from it for long. Each step takes the newest tree and
 * goes on behind the last key of the step before, so it holds up neither commits nor the reuse of free pages.
 */
import { closeSync, openSync } from 'node:fs'
import { byBytes, newestMeta } from './lmdb-file.ts'
import { Damage, damageUnless, PageFile } from './lmdb-pages.ts'
import { TreeWalk } from './lmdb-walk.ts'

export type ScrubOptions = {
  readonly path: string
  readonly pageSizeBytes: number
  /** Keeps the pages of the newest tree from being written over, until the returned function is called. */
  readonly pin: () => () => void
  /** Called after each round. */
  readonly onRound?: () => void
}

/** What is found once may be a commit half seen; each try reads a newer tree. */
const triesMax = 4

export class LmdbScrub {
  /** How often every page of the tree was checked. */
  rounds = 0
  readonly #descriptor: number
  readonly #file: PageFile
  readonly #pin: () => () => void
  readonly #onRound: () => void
  #from: Buffer | undefined

  constructor({ path, pageSizeBytes, pin, onRound = () => undefined }: ScrubOptions) {
    this.#descriptor = openSync(path, 'r')
    this.#file = new PageFile(this.#descriptor, pageSizeBytes)
    this.#pin = pin
    this.#onRound = onRound
  }

  /** Returns what is wrong, for people; undefined while nothing is. */
  step(forMs: number): string | undefined {
    let damage: string | undefined
    for (let n = 0; n < triesMax; n++) {
      damage = this.#check(forMs)
      if (damage === undefined) return undefined
    }
    return damage
  }

  restart(): void {
    this.#from = undefined
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #check(forMs: number): string | undefined {
    const unpin = this.#pin()
    try {
      this.#walk(performance.now() + forMs)
      return undefined
    } catch (error) {
      if (error instanceof Damage) return error.message
      throw error
    } finally {
      unpin()
    }
  }

  #walk(untilMs: number): void {
    const from = this.#from
    const meta = newestMeta(this.#file)
    const walk = new TreeWalk({
      file: this.#file,
      meta,
      tree: meta.main,
      compare: byBytes,
      claim: (page, pages) =>
        damageUnless(page >= 2 && page + pages <= meta.lastPage + 1, page, 'it lies behind the last page'),
      ...(from === undefined ? {} : { from }),
    })
    while (walk.step()) {
      const { lastKey } = walk
      // At least one leaf further than before, however slow the disk is.
      if (lastKey === undefined || (from !== undefined && byBytes(lastKey, from) <= 0)) continue
      if (performance.now() < untilMs) continue
      this.#from = lastKey
      return
    }
    this.#from = undefined
    this.rounds++
    this.#onRound()
  }
}
