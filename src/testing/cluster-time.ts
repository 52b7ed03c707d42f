/**
 * The time of a cluster: one heap of events for all its regions (adapters/memory/scheduler.ts), in one of two modes.
 *
 *   manual   time stands still until it is advanced; what is due at the present moment runs by itself
 *   real     time passes as on the machine, and can be advanced beyond that
 *
 * Events of an advance run one after the other, each after all promises of the one before, so the same seed gives the same run.
 */
import { Scheduler } from '../adapters/memory/scheduler.ts'

/** Taken when this file is loaded: a test runner may put fake timers in their place later. */
const { setImmediate, setTimeout, clearTimeout } = globalThis
const machineMs = performance.now.bind(performance)

/** Promises are drained between immediates, so several events share one turn of libuv's loop. */
const eventsPerTurn = 64
const duePerTurn = 8
const restTurnsMax = 200
/** While time stands, what goes on at once without end must wait for time to pass. */
const dueEventsMax = 100_000
/** What is due at once takes so long while time is advanced. Else a client that writes in a loop would hold time up. */
const workMs = 1
/** A moment or an advance that needs more events goes round in circles. */
const eventsPerAdvanceMax = 5_000_000
/** The longest time that a timer of Node takes. */
const timerMsMax = 2 ** 31 - 1

/** Where time stood on the machine and here when it began to pass. */
type Anchor = { readonly machineMs: number; readonly nowMs: number }

type Pending = { readonly run: () => void; cancel: () => void }

export class ClusterTime extends Scheduler {
  #anchor: Anchor | undefined
  #advancing = false
  #stopped = false
  #waking = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAtMs = Infinity
  #last: Promise<unknown> = Promise.resolve()
  /** Events at once since time has moved, or a request has come. */
  #dueCount = 0
  readonly #atWork = new Set<Pending>()

  override get nowMs(): number {
    if (this.#anchor === undefined || this.#advancing) return super.nowMs
    return this.#anchor.nowMs + machineMs() - this.#anchor.machineMs
  }

  override after(ms: number, work: () => void): () => void {
    const takesTime = ms <= 0 && (this.#advancing || this.#dueCount > dueEventsMax)
    const cancel = takesTime ? this.#afterWork(work) : super.after(ms, work)
    this.#wake()
    return cancel
  }

  /** A request has come: what it needs may run while time stands. */
  admit(): void {
    this.#dueCount = 0
  }

  /** Resolves when nothing is due at this moment any more, or after a bounded number of turns. */
  async rest(): Promise<void> {
    let idle = 0
    for (let n = 0; n < restTurnsMax && idle < 2 && !this.#stopped && !this.#advancing; n++) {
      idle = this.nextAtMs <= this.nowMs ? 0 : idle + 1
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  #afterWork(work: () => void): () => void {
    const pending: Pending = {
      run: () => {
        this.#atWork.delete(pending)
        work()
      },
      cancel: () => {},
    }
    pending.cancel = super.after(workMs, pending.run)
    this.#atWork.add(pending)
    return () => {
      this.#atWork.delete(pending)
      pending.cancel()
    }
  }

  /** Time is not advanced any more: what was due at once is due now. */
  #finishWork(): void {
    for (const pending of this.#atWork) {
      pending.cancel()
      pending.cancel = super.after(0, pending.run)
    }
  }

  /** From now on time passes by itself. */
  pass(): void {
    this.#anchor = { machineMs: machineMs(), nowMs: super.nowMs }
    this.#wake()
  }

  /** Nothing happens any more. */
  stop(): void {
    this.#stopped = true
    this.#clearTimer()
  }

  /** Runs every event of the next `ms`, or until `isDone` returns true, which is asked before each event. Returns whether it was done. */
  advance(ms: number, isDone: () => boolean = () => false): Promise<boolean> {
    const advanced = this.#last.then(() => this.#advance(ms, isDone))
    this.#last = advanced.catch(() => undefined)
    return advanced
  }

  async #advance(ms: number, isDone: () => boolean): Promise<boolean> {
    const fromMs = this.nowMs
    this.moveTo(fromMs)
    this.#advancing = true
    this.#clearTimer()
    try {
      return await this.#runUntil(fromMs + ms, isDone)
    } finally {
      this.#advancing = false
      this.#dueCount = 0
      this.#finishWork()
      if (this.#anchor !== undefined) this.pass()
      else this.#wake()
    }
  }

  #runUntil(untilMs: number, isDone: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let finished = false
      let events = 0
      const finish = (settle: () => void): void => {
        if (!finished) settle()
        finished = true
      }
      const step = (): void => {
        if (finished) return
        if (this.failure !== undefined) return finish(() => reject(this.failure?.error))
        if (this.#stopped || isDone()) return finish(() => resolve(!this.#stopped))
        if (++events > eventsPerAdvanceMax)
          this.fail(new Error(`more than ${eventsPerAdvanceMax} events in one advance`))
        else if (!this.runNext(untilMs)) {
          this.moveTo(untilMs)
          finish(() => resolve(isDone()))
        }
      }
      const turn = (): void => {
        for (let n = 0; n < eventsPerTurn; n++) setImmediate(step)
        setImmediate(() => {
          if (!finished) turn()
        })
      }
      turn()
    })
  }

  /** Sees to it that what is due now runs, and in real time what is due later. */
  #wake(): void {
    if (this.#advancing || this.#waking || this.#stopped) return
    const nextAtMs = this.nextAtMs
    if (nextAtMs <= this.nowMs) {
      this.#waking = true
      for (let n = 1; n < duePerTurn; n++) setImmediate(() => this.#runDue())
      setImmediate(() => {
        this.#waking = false
        this.#runDue()
        this.#wake()
      })
    } else if (this.#anchor !== undefined && nextAtMs < this.#timerAtMs) this.#setTimer(nextAtMs)
  }

  #runDue(): void {
    if (!this.#advancing && !this.#stopped && this.runNext(this.nowMs)) this.#dueCount++
  }

  /** It does not keep the process alive: a test that has ended is not waited for. */
  #setTimer(atMs: number): void {
    this.#clearTimer()
    this.#timerAtMs = atMs
    const waitMs = Math.min(timerMsMax, Math.ceil(atMs - this.nowMs))
    this.#timer = setTimeout(() => {
      this.#clearTimer()
      this.#dueCount = 0
      this.#wake()
    }, waitMs)
    this.#timer.unref()
  }

  #clearTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#timerAtMs = Infinity
  }
}
