/**
 * The numbers of all regions that there have been, as far as this one knows: what a region has written stays right when it
 * leaves, and also for those who come after that, or get a new disk, and so are told by the others.
 */
import type { RegionNumber } from '../../core/hybrid-logical-clock/stamp.ts'
import { regionNumbersMax } from '../../core/limits/limits.ts'
import { regionNumbersKey } from './keys.ts'
import type { State } from '../state.ts'

export class RegionNumbers {
  readonly #state: State

  constructor(state: State) {
    this.#state = state
  }

  /** Of the regions of now, and what is remembered. */
  known(): readonly RegionNumber[] {
    const now = this.#state.topology.regions.map(({ number }) => number)
    return [...new Set([...this.#remembered(), ...now])].slice(-regionNumbersMax)
  }

  /** The regions of now may be gone when a row of theirs is looked at; `told` are those that others remember. */
  async remember(told: readonly RegionNumber[] = []): Promise<void> {
    const all = [...new Set([...told, ...this.known()])].slice(-regionNumbersMax)
    if (all.length === this.#remembered().length) return
    const group = this.#state.groups.open()
    this.#state.groups.put(group, regionNumbersKey, Buffer.from(JSON.stringify(all)))
    await group.durable
  }

  #remembered(): readonly RegionNumber[] {
    const bytes = this.#state.store.get(regionNumbersKey)
    return bytes === undefined ? [] : (JSON.parse(bytes.toString()) as RegionNumber[])
  }
}
