/** How far a load has come, in a file: the same command goes on there. It is removed when all is loaded. */
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const shape = z.object({ of: z.string(), source: z.int(), position: z.int(), put: z.int(), removed: z.int() })

export type Progress = Omit<z.output<typeof shape>, 'of'>

const noProgress: Progress = { source: 0, position: 0, put: 0, removed: 0 }

export class ProgressFile {
  readonly path: string
  readonly #of: string

  /** `of`: what the command was told, and what it found. */
  constructor(folder: string, of: readonly unknown[]) {
    this.#of = createHash('sha256').update(JSON.stringify(of)).digest('hex')
    this.path = join(folder, `.longitude-load-${this.#of.slice(0, 12)}.json`)
  }

  read(): Progress {
    try {
      const { of, ...progress } = shape.parse(JSON.parse(readFileSync(this.path, 'utf8')))
      return of === this.#of ? progress : noProgress
    } catch {
      return noProgress
    }
  }

  write(progress: Progress): void {
    writeFileSync(`${this.path}.new`, JSON.stringify({ of: this.#of, ...progress }))
    renameSync(`${this.path}.new`, this.path)
  }

  remove(): void {
    rmSync(this.path, { force: true })
  }
}
