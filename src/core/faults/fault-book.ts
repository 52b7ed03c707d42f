/**
 * The faults that are set on a region, and what each does to a request. Whether a fault strikes follows from its seed and from how many
 * requests it has met so far; so a drill that is repeated breaks the same ones. Pure: the time is given.
 */
import { apiFaultsMax } from '../limits/fault-limits.ts'
import { type AskedRequest, meant } from './aim.ts'
import { drawn } from './chance.ts'
import { delayMsOf } from './delay.ts'
import type { Effect, Fault, FaultKind } from './fault.ts'

/** A fault with the requests that it could have struck, and that it has struck. */
export type KeptFault = { readonly fault: Fault; readonly met: number; readonly struck: number }

/** What becomes of one request. `hit` says by part and key what of it is meant. */
export type Strike = {
  readonly fault: Fault
  /** How long the request is delayed; of a time-out, how long it is kept. */
  readonly ms: number
  readonly hit: readonly (readonly boolean[])[]
}

export type Struck = {
  /** Can this effect happen to the request? A fault counts only requests that it could strike. */
  readonly mayHave: (effect: Effect) => boolean
}

type Kept = { readonly fault: Fault; met: number; struck: number }

export class FaultBook {
  #kept: readonly Kept[] = []

  get faults(): readonly KeptFault[] {
    return this.#kept
  }

  /** Whether there was room. One of the same id is replaced, and begins again. */
  set(fault: Fault): boolean {
    const others = this.#kept.filter((each) => each.fault.id !== fault.id)
    if (others.length >= apiFaultsMax) return false
    this.#kept = [...others, { fault, met: 0, struck: 0 }]
    return true
  }

  /** Ends all faults, or those of an owner, of an id or of a kind; returns them. */
  clear({ owner, id, kind }: Selection = {}): readonly Fault[] {
    const isMeant = ({ fault }: Kept): boolean =>
      (owner === undefined || fault.owner === owner) &&
      (id === undefined || fault.id === id) &&
      (kind === undefined || fault.effect.kind === kind)
    const ended = this.#kept.filter(isMeant)
    this.#kept = this.#kept.filter((each) => !isMeant(each))
    return ended.map(({ fault }) => fault)
  }

  /** Ends what is over. */
  expire(nowMs: number): void {
    if (this.#kept.some(({ fault }) => fault.endsMs <= nowMs))
      this.#kept = this.#kept.filter(({ fault }) => fault.endsMs > nowMs)
  }

  /** What strikes the request, in the order in which the faults were set. Each fault’s chance is its own. */
  strike(asked: AskedRequest, { mayHave }: Struck): readonly Strike[] {
    const strikes: Strike[] = []
    for (const kept of this.#kept) {
      const { fault } = kept
      const { aim, effect, seed } = fault
      const hit = mayHave(effect) ? meant(aim, asked) : undefined
      if (hit === undefined) continue
      const number = kept.met++
      if (drawn(seed, number) >= aim.share) continue
      const chosen = effect.kind === 'partial' ? partOf(hit, effect.items, chanceOf(seed, number)) : hit
      if (chosen === undefined) continue
      kept.struck++
      strikes.push({ fault, hit: chosen, ms: msOf(effect, chanceOf(seed, number)) })
    }
    return strikes
  }
}

export type Selection = {
  readonly owner?: string | undefined
  readonly id?: string | undefined
  readonly kind?: FaultKind | undefined
}

/** The first stream says whether a fault strikes at all. */
const chanceOf =
  (seed: number, number: number) =>
  (stream: number): number =>
    drawn(seed, number, stream + 1)

function msOf(effect: Effect, draw: (stream: number) => number): number {
  if (effect.kind === 'slow') return delayMsOf(effect.delay, draw)
  return effect.kind === 'timeout' || effect.kind === 'stale' ? effect.ms : 0
}

/**
 * Which items of a batch are left: each that is meant with that chance, at least one of them, and never all of the batch, since a batch of
 * which nothing is done is refused as a whole. Undefined where there is nothing to leave.
 */
function partOf(hit: Strike['hit'], share: number, draw: (stream: number) => number): Strike['hit'] | undefined {
  const places = hit.flatMap((keys, part) => keys.map((isMeant, key) => ({ part, key, isMeant })))
  const candidates = places.filter(({ isMeant }) => isMeant).map((place, n) => ({ ...place, chance: draw(n) }))
  if (candidates.length === 0 || places.length < 2) return undefined
  const byChance = candidates.toSorted((a, b) => a.chance - b.chance)
  const wanted = byChance.filter(({ chance }) => chance < share).length
  const count = Math.min(Math.max(1, wanted), places.length - 1)
  const left = new Set(byChance.slice(0, count).map(({ part, key }) => `${part} ${key}`))
  return hit.map((keys, part) => keys.map((_, key) => left.has(`${part} ${key}`)))
}
