/**
 * Gives back the memory that a start or a burst of work has left. V8 collects its whole heap only when the heap is full, and a process without work
 * never fills it: what is garbage then, and the buffers that hang on it, would stay for hours. So an idle process collects once, and again only after
 * its heap has grown.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock } from '../../ports/clock.ts'
import type { Service } from '../../ports/service.ts'

/** Between two looks. */
export const idleLookMs = 5000
/** A process that uses less of one processor than this is idle, its threads included. */
const idleShareMax = 0.04
/** So many looks in a row. */
const idleLooksMin = 2
/** Less is not worth a collection: bytes, and as a part of what was held after the last. */
const grownBytesMin = 6 * 1024 * 1024
const grownPartMin = 0.2
/** A collection stops the process for some 30 ms, and a request that comes meanwhile waits. */
const apartMsMin = 60_000

export type IdleHeapOptions = {
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>
  /** Processor time of all threads so far. */
  readonly cpuMs: () => number
  /** What V8 has of the system, with the buffers that hang on its objects. */
  readonly heldBytes: () => number
  readonly collect: () => void
}

/** Of this machine; the look alone keeps no process alive. */
const ownProcess: IdleHeapOptions = {
  clock: {
    monotonicMs: () => performance.now(),
    after: (ms, work) => {
      const timer = setTimeout(work, ms).unref()
      return () => clearTimeout(timer)
    },
  },
  cpuMs: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
  heldBytes: () => {
    const { total_heap_size: heap, external_memory: external } = getHeapStatistics()
    return heap + external
  },
  collect: () => {
    setFlagsFromString('--expose-gc')
    // The function is there in contexts that are made from now on; this one is garbage right after.
    ;(runInNewContext('gc') as () => void)()
    setFlagsFromString('--no-expose-gc')
  },
}

/** Looks after this process. `run` gives the collection its name. */
export function restWhenIdle(turns: { run(what: string, work: () => void): void }): IdleHeap {
  const collect = (): void => turns.run('collection of an idle heap', ownProcess.collect)
  const idle = new IdleHeap({ ...ownProcess, collect })
  idle.start()
  return idle
}

export class IdleHeap implements Service {
  readonly #options: IdleHeapOptions
  #seen = { atMs: 0, cpuMs: 0 }
  #idleLooks = 0
  #collected = { atMs: -Infinity, heldBytes: 0 }
  #cancel: () => void = () => undefined

  constructor(options: IdleHeapOptions) {
    this.#options = options
  }

  start(): void {
    this.#see()
    this.#wait()
  }

  stop(): void {
    this.#cancel()
  }

  #wait(): void {
    this.#cancel = this.#options.clock.after(idleLookMs, () => {
      this.#look()
      this.#wait()
    })
  }

  #look(): void {
    const before = this.#seen
    const { atMs, cpuMs } = this.#see()
    const isIdle = cpuMs - before.cpuMs < (atMs - before.atMs) * idleShareMax
    this.#idleLooks = isIdle ? this.#idleLooks + 1 : 0
    if (this.#idleLooks < idleLooksMin || atMs - this.#collected.atMs < apartMsMin || !this.#hasGrown()) return
    this.#options.collect()
    this.#collected = { atMs, heldBytes: this.#options.heldBytes() }
    // What the collection itself has used says nothing.
    this.#see()
  }

  #hasGrown(): boolean {
    const { heldBytes } = this.#collected
    return this.#options.heldBytes() - heldBytes >= Math.max(grownBytesMin, heldBytes * grownPartMin)
  }

  #see(): { readonly atMs: number; readonly cpuMs: number } {
    const { clock, cpuMs } = this.#options
    this.#seen = { atMs: clock.monotonicMs(), cpuMs: cpuMs() }
    return this.#seen
  }
}
