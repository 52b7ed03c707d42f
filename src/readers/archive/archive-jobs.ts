/**
 * Jobs that follow from what the store says, one at a time: whenever something has changed, the next is looked for. One that fails is tried again
 * after a moment, after the others. Nothing of it is remembered in memory, so a job that a crash has ended goes on with the next start.
 */
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { Retries, type Work } from '../retries.ts'

export type ArchiveJob = {
  /** One job of a name. */
  readonly name: string
  /** Ends early once `isStopped` says so. */
  readonly run: (isStopped: () => boolean) => Promise<void>
}

export type JobsOptions = {
  readonly env: Pick<Env, 'clock' | 'log' | 'meter'>
  readonly work: Work
  /** Called after every flush of the engine: whether something may have changed since the last call. */
  readonly hasChanged: () => boolean
  /** What is to be done, the most urgent first. */
  readonly jobs: () => readonly ArchiveJob[]
  readonly onFlushed: (listener: () => void) => () => void
}

const retryMs = 1000

export class Jobs implements Service {
  readonly #options: JobsOptions
  readonly #retries: Retries
  /** Those that failed, until they are tried again. */
  readonly #failed = new Set<string>()
  #stopped = false
  #running: Promise<void> | undefined
  #unsubscribe = (): void => undefined

  constructor(options: JobsOptions) {
    this.#options = options
    this.#retries = new Retries(options.env)
  }

  start(): void {
    this.#unsubscribe = this.#options.onFlushed(() => {
      if (this.#options.hasChanged()) this.look()
    })
    this.look()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe()
    await this.#running
  }

  look(): void {
    if (this.#stopped || this.#running !== undefined || this.#next() === undefined) return
    this.#running = this.#runAll().finally(() => {
      this.#running = undefined
      this.look()
    })
  }

  #next(): ArchiveJob | undefined {
    return this.#options.jobs().find(({ name }) => !this.#failed.has(name))
  }

  async #runAll(): Promise<void> {
    for (let job = this.#next(); job !== undefined && !this.#stopped; job = this.#next()) {
      try {
        await job.run(() => this.#stopped)
      } catch (error) {
        if (this.#stopped) return
        this.#tryLater(job.name, error)
      }
    }
  }

  #tryLater(name: string, error: unknown): void {
    const { env, work } = this.#options
    this.#retries.note(work, error, `a ${work} waits`, { [work]: name })
    this.#failed.add(name)
    env.clock.after(retryMs, () => {
      this.#failed.delete(name)
      this.look()
    })
  }
}
