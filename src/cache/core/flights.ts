/**
 * Reads on their way to the region, so that a thousand misses of one key are one read. Nobody joins a read that began before
 * something was told of its key: it may have seen the item as it was.
 */
import type { Fences } from './fences.ts'

type Flight<Outcome> = {
  readonly outcome: Promise<Outcome>
  readonly serial: number
  /** Begins when this one has ended, for all who have come meanwhile. */
  next?: Promise<Outcome>
}

export class Flights<Outcome> {
  readonly #fences: Fences
  readonly #underWay = new Map<string, Flight<Outcome>>()

  constructor(fences: Fences) {
    this.#fences = fences
  }

  /** `fenced` are the keys that the read is about; undefined when that is not known yet: then anything told ends it. */
  join(name: string, fenced: readonly string[] | undefined): Promise<Outcome> | undefined {
    const flight = this.#underWay.get(name)
    if (flight === undefined) return undefined
    const told =
      fenced === undefined ? this.#fences.serial > flight.serial : this.#fences.toldSince(fenced, flight.serial)
    return told ? undefined : flight.outcome
  }

  /** From now on others may join, until it ends. */
  start(name: string, read: () => Promise<Outcome>): Promise<Outcome> {
    const { serial } = this.#fences
    const flight: Flight<Outcome> = { outcome: read(), serial }
    this.#underWay.set(name, flight)
    const end = (): void => {
      if (this.#underWay.get(name) === flight) this.#underWay.delete(name)
    }
    flight.outcome.then(end, end)
    return flight.outcome
  }

  /**
   * A read that begins after everybody who shares it has asked, for when nobody tells what changes: those who come while
   * one is under way wait for its end, and go together.
   */
  following(name: string, read: () => Promise<Outcome>): { readonly outcome: Promise<Outcome>; readonly own: boolean } {
    const flight = this.#underWay.get(name)
    if (flight === undefined) return { outcome: this.start(name, read), own: true }
    if (flight.next !== undefined) return { outcome: flight.next, own: false }
    const begin = (): Promise<Outcome> => this.start(name, read)
    flight.next = flight.outcome.then(begin, begin)
    return { outcome: flight.next, own: true }
  }
}
