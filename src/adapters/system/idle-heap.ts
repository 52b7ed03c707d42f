/**
 * Gives back the memory that a start or a burst of work has left. V8 collects its whole heap only when the heap is full, and a process without work
 * never fills it: what is garbage then, the buffers that hang on it, and the place that V8 had for them, would stay for hours. So an idle process
 * whose heap is much larger than what is in use collects once.
 */
import { getHeapStatistics } from 'node:v8'
import type { Clock } from '../../ports/clock.ts'
import type { Service } from '../../ports/service.ts'

/** Between two looks. */
export const idleLookMs = 5000
/** A process that uses less of one processor than this is idle, its threads included. */
const idleShareMax = 0.04
/** A look that comes later than this says that the machine is busy: the process may have work that it does not get to, and a collection would take long. */
const lateMsMax = 50
/** So many looks in a row: V8 has its own way of making a heap smaller, in short steps, where it notices in time. */
const idleLooksMin = 4
/** Less is not worth a collection: bytes, and as a part of what is in use. */
const unusedBytesMin = 12 * 1024 * 1024
const unusedPartMin = 0.4
/** A collection stops the process for some 60 ms, and a request that comes meanwhile waits. */
const apartMsMin = 300_000

export type IdleHeapOptions = {
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>
  /** Processor time of all threads so far. */
  readonly cpuMs: () => number
  /** What V8 has of the system for its heap, and what of it is in use, garbage among it. */
  readonly heap: () => { readonly totalBytes: number; readonly usedBytes: number }
  readonly collect: () => void
}

/** Of this machine; the look alone keeps no process alive. */
const ownProcess: Omit<IdleHeapOptions, 'collect'> = {
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
  heap: () => {
    const { total_heap_size: totalBytes, used_heap_size: usedBytes } = getHeapStatistics()
    return { totalBytes, usedBytes }
  },
}

/** Looks after this process. `ran` is told how long a collection took. */
export function restWhenIdle({ ran }: { readonly ran: (what: string, ms: number) => void }): IdleHeap {
  const collect = (): void => void collectWhole().then((ms) => ran('collection of an idle heap', ms), ignore)
  const idle = new IdleHeap({ ...ownProcess, collect })
  idle.start()
  return idle
}

/** Only this makes V8 give back the young generation too. It comes as a turn of its own. */
async function collectWhole(): Promise<number> {
  const { Session } = await import('node:inspector')
  const session = new Session()
  session.connect()
  const startedMs = performance.now()
  await new Promise<void>((resolve) => session.post('HeapProfiler.collectGarbage', () => resolve()))
  session.disconnect()
  return performance.now() - startedMs
}

/** A Node that was built without an inspector keeps its garbage. */
const ignore = (): void => undefined

export class IdleHeap implements Service {
  readonly #options: IdleHeapOptions
  #seen = { atMs: 0, cpuMs: 0 }
  #idleLooks = 0
  #collectedMs = -Infinity
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
    const ms = atMs - before.atMs
    const isIdle = cpuMs - before.cpuMs < ms * idleShareMax && ms - idleLookMs < lateMsMax
    this.#idleLooks = isIdle ? this.#idleLooks + 1 : 0
    if (this.#idleLooks < idleLooksMin || atMs - this.#collectedMs < apartMsMin || !this.#isLarge()) return
    this.#collectedMs = atMs
    this.#options.collect()
  }

  #isLarge(): boolean {
    const { totalBytes, usedBytes } = this.#options.heap()
    return totalBytes - usedBytes >= Math.max(unusedBytesMin, usedBytes * unusedPartMin)
  }

  #see(): { readonly atMs: number; readonly cpuMs: number } {
    const { clock, cpuMs } = this.#options
    this.#seen = { atMs: clock.monotonicMs(), cpuMs: cpuMs() }
    return this.#seen
  }
}
