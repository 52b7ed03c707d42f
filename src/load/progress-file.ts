/** How far a load or a dump has come, in a file: the same command goes on there. It is removed when all is done. */
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const ofLoad = z.object({ source: z.int(), position: z.int(), put: z.int(), removed: z.int() })
const ofDump = z.object({
  id: z.string(),
  startMs: z.number(),
  /** Lines of the files manifest. */
  files: z.array(z.string()),
  items: z.int(),
  /** Where the next page begins. */
  start: z.record(z.string(), z.unknown()),
})

const shapes = { load: ofLoad, dump: ofDump }

type Shapes = { readonly [Work in keyof typeof shapes]: z.output<(typeof shapes)[Work]> }

export type Progress = Shapes['load']

export class ProgressFile<Work extends keyof Shapes = 'load'> {
  readonly path: string
  readonly #work: Work
  readonly #of: string

  /** `of`: what the command was told, and what it found. */
  constructor(folder: string, of: readonly unknown[], work: Work) {
    this.#work = work
    this.#of = createHash('sha256').update(JSON.stringify(of)).digest('hex')
    this.path = join(folder, `.longitude-${work}-${this.#of.slice(0, 12)}.json`)
  }

  /** Undefined where nothing was begun. */
  read(): Shapes[Work] | undefined {
    try {
      const { of, ...progress } = JSON.parse(readFileSync(this.path, 'utf8')) as Readonly<Record<string, unknown>>
      return of === this.#of ? (shapes[this.#work].parse(progress) as Shapes[Work]) : undefined
    } catch {
      return undefined
    }
  }

  write(progress: Shapes[Work]): void {
    writeFileSync(`${this.path}.new`, JSON.stringify({ of: this.#of, ...progress }))
    renameSync(`${this.path}.new`, this.path)
  }

  remove(): void {
    rmSync(this.path, { force: true })
  }
}
