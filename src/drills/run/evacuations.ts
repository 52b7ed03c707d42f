/** Regions that a drill evacuates and takes back, by the steps of `longitude evacuate` and `readmit` (deployment/evacuate.ts). */
import { evacuate, readmit, type Steps } from '../../deployment/evacuate.ts'
import { messageOf } from '../../process/failure.ts'
import type { Cast } from '../definition/cast.ts'
import type { Action } from '../definition/definition.ts'
import type { Target } from './targets/target.ts'
import { nowMs, pause } from './time.ts'

export type EvacuationsOptions = {
  readonly target: Target
  readonly cast: Cast
  readonly signal: AbortSignal
  readonly told: (line: string) => void
}

type Evacuating = Extract<Action, { do: 'evacuate' | 'readmit' }>

/** What is given up at the end of a drill must not keep it. */
const restoreMsMax = 30_000

export class Evacuations {
  readonly #options: EvacuationsOptions
  readonly #evacuated = new Set<string>()

  constructor(options: EvacuationsOptions) {
    this.#options = options
  }

  /** Rejects when it cannot be done in time: a region that was to be evacuated takes writes again, one to be readmitted stays as it is. */
  async play(action: Evacuating): Promise<void> {
    const { cast, signal } = this.#options
    const region = cast.place(action.region)
    if (action.do === 'readmit') {
      await this.#readmit(region, action.within, signal)
      this.#evacuated.delete(region)
      return
    }
    this.#evacuated.add(region)
    // A deployment has other tables than the drill's.
    await evacuate({ region, to: cast.place(action.to), leaveTables: true }, this.#steps(action.within, signal))
  }

  /** Takes back what is evacuated still; returns what could not be. */
  async restore(): Promise<readonly string[]> {
    const problems: string[] = []
    for (const region of this.#evacuated) {
      try {
        await this.#readmit(region, restoreMsMax, new AbortController().signal)
      } catch (error) {
        problems.push(messageOf(error))
      }
    }
    this.#evacuated.clear()
    return problems
  }

  async #readmit(region: string, within: number, signal: AbortSignal): Promise<void> {
    const others = this.#options.target.regions.map((each) => each.region).filter((name) => name !== region)
    await readmit(region, others, this.#steps(within, signal))
  }

  #steps(withinMs: number, signal: AbortSignal): Steps {
    const { target, told } = this.#options
    return {
      ask: async (region, path, body) => await target.admin(region, path, body === undefined ? {} : { body }),
      told,
      pause: async (ms) => await pause(ms),
      nowMs,
      signal,
      withinMs,
      owner: 'drill',
    }
  }
}
