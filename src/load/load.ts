/** Loads sources into tables, one after the other; notes how far it has come, and keeps what could not be written by its place. */
import type { TableDefinition } from '../testing/tables/table-definition.ts'
import { namedProblemsMax, notedEveryMs } from './load-limits.ts'
import { type Progress, type ProgressFile } from './progress-file.ts'
import type { Source } from './load-record.ts'
import type { Target } from './loaded-tables.ts'
import { type Problem, Writer, type Written } from './writer.ts'

export type Loading = {
  readonly target: Target
  readonly sources: readonly Source[]
  /** Made before, where they are not there. */
  readonly tables: readonly TableDefinition[]
  /** Of items that do not say it. */
  readonly table: string | undefined
  readonly progress: ProgressFile
  readonly onProgress: (loaded: Loaded) => void
}

export type Loaded = {
  readonly put: number
  readonly removed: number
  /** Named up to a bound; `failed` counts them all. */
  readonly problems: readonly Problem[]
  readonly failed: number
  /** Of a former run that this one goes on from. */
  readonly before: number
  readonly source: string
}

export async function load(loading: Loading): Promise<Loaded> {
  for (const { input } of loading.tables) await loading.target.create(input)
  const run = new Run(loading)
  for (let at = run.first; at < loading.sources.length; at++) await run.read(at)
  loading.progress.remove()
  return run.loaded
}

const noProgress: Progress = { source: 0, position: 0, put: 0, removed: 0 }

class Run {
  readonly #loading: Loading
  readonly #writer: Writer
  readonly #start: Progress
  #put: number
  #removed: number
  #failed = 0
  #source = ''
  readonly #problems: Problem[] = []

  constructor(loading: Loading) {
    this.#loading = loading
    this.#writer = new Writer(loading.target, loading.table)
    this.#start = loading.progress.read() ?? noProgress
    this.#put = this.#start.put
    this.#removed = this.#start.removed
  }

  get first(): number {
    return this.#start.source
  }

  get loaded(): Loaded {
    return {
      put: this.#put,
      removed: this.#removed,
      problems: this.#problems,
      failed: this.#failed,
      before: this.#start.put + this.#start.removed,
      source: this.#source,
    }
  }

  async read(at: number): Promise<void> {
    const source = this.#loading.sources[at]
    if (source === undefined) return
    this.#source = source.name
    let isDue = false
    const due = setInterval(() => (isDue = true), notedEveryMs)
    try {
      for await (const found of source.records(at === this.#start.source ? this.#start.position : 0)) {
        await this.#writer.add(found)
        if (isDue) this.#note(at)
        isDue = false
      }
      await this.#writer.flush()
    } catch (error) {
      await this.#writer.ended()
      this.#note(at)
      throw error
    } finally {
      clearInterval(due)
    }
    this.#note(at, { source: at + 1, position: 0 })
  }

  #note(source: number, end?: Pick<Progress, 'source' | 'position'>): void {
    const { position, ...written } = this.#writer.take()
    this.#count(written)
    const place = end ?? (position === undefined ? undefined : { source, position })
    if (place !== undefined) this.#loading.progress.write({ ...place, put: this.#put, removed: this.#removed })
    this.#loading.onProgress(this.loaded)
  }

  #count({ put, removed, problems }: Written): void {
    this.#put += put
    this.#removed += removed
    this.#failed += problems.length
    this.#problems.push(...problems.slice(0, Math.max(0, namedProblemsMax - this.#problems.length)))
  }
}
