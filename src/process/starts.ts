/**
 * Counts starts that did not end in order. A process that dies soon after each start may die of its store, so after a few such
 * starts the store is checked as a whole. The count is in a file beside the store; a disk that does not take it changes nothing.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suspectStartsMax } from '../core/limits/limits.ts'

const fileName = 'store.starts'

export class Starts {
  readonly #path: string

  constructor(data: string) {
    this.#path = join(data, fileName)
  }

  /** Returns how many starts before this one did not end in order. */
  begin(): number {
    const before = this.#read()
    try {
      writeFileSync(this.#path, String(before + 1))
    } catch {
      // Then it is not counted.
    }
    return before
  }

  /** The next start checks everything, whatever the number of those before it. */
  suspect(): void {
    try {
      writeFileSync(this.#path, String(suspectStartsMax))
    } catch {
      // A few starts later it is checked all the same.
    }
  }

  end(): void {
    rmSync(this.#path, { force: true })
  }

  #read(): number {
    try {
      const count = Number(readFileSync(this.#path, 'utf8'))
      return Number.isInteger(count) && count > 0 ? count : 0
    } catch {
      return 0
    }
  }
}
