/** The faults that are laid on links: each once, with all the directions that it lies on. Pure. */
import type { State } from './console-state.ts'

export type LaidFault = {
  readonly id: string
  readonly what: string
  readonly owner: string
  readonly links: readonly string[]
  readonly startedMs: number
  /** Undefined: until it is healed. */
  readonly endsMs: number | undefined
}

export function laidFaults(state: State | undefined): readonly LaidFault[] {
  const laid = new Map<string, LaidFault>()
  for (const { from, to, link } of state?.directions ?? [])
    for (const { id, what, owner, startedAt, endsAt } of link?.faults ?? []) {
      const links = [...(laid.get(id)?.links ?? []), `${from}>${to}`]
      const endsMs = endsAt === null ? undefined : Date.parse(endsAt)
      laid.set(id, { id, what, owner, links, startedMs: Date.parse(startedAt), endsMs })
    }
  return [...laid.values()].toSorted((a, b) => a.startedMs - b.startedMs)
}
