/** The waiting of a loop: for a ring, for time to pass, or for its end, whichever comes first. A ring is kept while the loop does not wait. */
import type { Clock } from '../../../ports/clock.ts'

export class Loop {
  readonly #clock: Clock
  #stopped = false
  #rung = false
  #wake: (() => void) | undefined
  #endPause: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get stopped(): boolean {
    return this.#stopped
  }

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  stop(): void {
    this.#stopped = true
    this.#wake?.()
    this.#endPause?.()
  }

  /** Until a ring, the end, or `msMax`. */
  async wait(msMax?: number): Promise<void> {
    if (!this.#rung && !this.#stopped) await this.#sleep(msMax)
    this.#rung = false
  }

  /** Until `ms` have passed or the end; a ring is kept for later. The timer alone says when: clocks drift and round. */
  async pause(ms: number): Promise<void> {
    if (this.#stopped) return
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, resolve)
      this.#endPause = () => {
        cancel()
        resolve()
      }
    })
    this.#endPause = undefined
  }

  async #sleep(ms: number | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = ms === undefined ? undefined : this.#clock.after(ms, () => this.#wake?.())
      this.#wake = () => {
        this.#wake = undefined
        cancel?.()
        resolve()
      }
    })
  }
}

const meanwhileMs = 1000

/** Repeats something each second while work goes on: a peer that hears nothing while one answer needs minutes would call the line cut. */
export async function meanwhile<T>(clock: Pick<Clock, 'after'>, act: () => void, work: Promise<T>): Promise<T> {
  let cancel: () => void = () => undefined
  const later = (): void => {
    cancel = clock.after(meanwhileMs, () => {
      act()
      later()
    })
  }
  later()
  return await work.finally(() => cancel())
}
