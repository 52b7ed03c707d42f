/**
 * Runs a range of seeds on several processes. Each is given a few seeds at a time, so that all end together; it lives long,
 * since code that is warm runs twice as fast. A process that dies or does not come back has failed on the seed it was at:
 * a seed that was not run must never look like one that holds.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { type RunResult, runSeed } from './run.ts'

export type Report = Pick<RunResult, 'seed' | 'accepted' | 'events' | 'virtualMs' | 'sightings'> & {
  readonly failure?: string
  readonly story: readonly string[]
}

export type WorkersOptions = {
  /** Both included. */
  readonly seeds: { readonly from: number; readonly to: number }
  /** The version of the world. */
  readonly world: number
  readonly only: readonly string[] | undefined
  readonly count: number
  readonly onReport: (report: Report) => void
}

const seedsAtOnce = 16
/** Of one seed, on a busy machine; a run that takes longer goes round in circles. */
const patienceMs = 180_000
/** Most of what a run makes is garbage when it ends: a larger nursery saves a tenth of the time. */
const nodeOptions = ['--max-semi-space-size=32']

type Part = {
  readonly from: number
  readonly to: number
  readonly world: number
  readonly only: readonly string[] | undefined
}

export class Workers {
  readonly done: Promise<void>
  readonly #options: WorkersOptions
  readonly #children = new Set<ChildProcess>()
  #next: number
  #stopped = false

  constructor(options: WorkersOptions) {
    this.#options = options
    this.#next = options.seeds.from
    this.done = Promise.all(Array.from({ length: options.count }, () => this.#work())).then(() => undefined)
  }

  /** What is under way is given up. */
  stop(): void {
    this.#stopped = true
    for (const child of this.#children) child.kill('SIGKILL')
  }

  /** One process after another, should one die. */
  async #work(): Promise<void> {
    for (let lost: Part | undefined; ;) {
      const part = lost ?? this.#take()
      if (part === undefined || this.#stopped) return
      lost = await this.#employ(part)
    }
  }

  #take(): Part | undefined {
    const { to } = this.#options.seeds
    if (this.#next > to || this.#stopped) return undefined
    const from = this.#next
    this.#next = Math.min(to + 1, from + seedsAtOnce)
    const { world, only } = this.#options
    return { from, to: this.#next - 1, world, only }
  }

  /** Resolves with what is left of its part when the process dies at a seed. */
  #employ(first: Part): Promise<Part | undefined> {
    const child = fork(process.argv[1] ?? '', ['--worker'], { execArgv: [...process.execArgv, ...nodeOptions] })
    this.#children.add(child)
    let part: Part | undefined = first
    let seed = first.from
    let hangs = false
    const watchdog = setTimeout(() => {
      hangs = true
      child.kill('SIGKILL')
    }, patienceMs)
    child.send(first)
    child.on('message', (report: Report) => {
      watchdog.refresh()
      this.#options.onReport(report)
      seed++
      if (part === undefined || seed <= part.to) return
      part = this.#take()
      seed = part?.from ?? 0
      if (part === undefined) child.disconnect()
      else child.send(part)
    })
    return new Promise((resolve) =>
      child.on('exit', (code, signal) => {
        clearTimeout(watchdog)
        this.#children.delete(child)
        if (part === undefined || this.#stopped) return resolve(undefined)
        const failure = hangs ? `not finished after ${patienceMs / 1000} s` : `the process ended (${signal ?? code})`
        this.#options.onReport({ seed, failure, story: [], accepted: 0, events: 0, virtualMs: 0, sightings: {} })
        resolve(seed < part.to ? { ...part, from: seed + 1 } : undefined)
      }),
    )
  }
}

/** The life of a worker process. */
export function serve(): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', (part: Part) => void runPart(part))
}

async function runPart({ from, to, world, only }: Part): Promise<void> {
  for (let seed = from; seed <= to; seed++) process.send?.(reportOf(await runSeed({ seed, world, only })))
}

export function reportOf({ seed, failure, story, accepted, events, virtualMs, sightings }: RunResult): Report {
  const told =
    failure === undefined ? {} : { failure: failure.name === 'Violation' ? failure.message : `${failure.stack}` }
  return { seed, accepted, events, virtualMs, sightings, ...told, story: failure === undefined ? [] : story }
}
