/** What has happened between two looks at the deployment. Pure. */
import type { FaultView, Note, State } from './model/console-state.ts'

type Laid = { readonly fault: FaultView; readonly directions: readonly string[]; readonly regions: readonly string[] }

/** Faults of links that have begun or ended, one note for each, however many directions it lies on. */
export function faultNotes(before: State, after: State): readonly Note[] {
  const [then, now] = [faultsOf(before), faultsOf(after)]
  const { atMs } = after
  // Without an answer of the links' control nothing is known to have ended.
  if (before.linksProblem !== undefined || after.linksProblem !== undefined) return []
  const begun = [...now].filter(([id]) => !then.has(id))
  const ended = [...then].filter(([id]) => !now.has(id))
  return [
    ...begun.map(([, laid]) => noteOf(atMs, 'fault', laid)),
    ...ended.map(([, laid]) => noteOf(atMs, 'heal', laid)),
  ]
}

export function regionNotes(before: State, after: State): readonly Note[] {
  return after.regions.flatMap(({ name, health }) => {
    const was = before.regions.find((region) => region.name === name)?.health
    if (was === undefined || was === health) return []
    return [{ atMs: after.atMs, kind: 'region' as const, text: `${name} is ${health}`, regions: [name] }]
  })
}

function faultsOf({ directions }: State): ReadonlyMap<string, Laid> {
  const laid = new Map<string, Laid>()
  for (const { from, to, link } of directions)
    for (const fault of link?.faults ?? []) {
      const known = laid.get(fault.id)
      laid.set(fault.id, {
        fault,
        directions: [...(known?.directions ?? []), `${from}>${to}`],
        regions: [...new Set([...(known?.regions ?? []), from, to])],
      })
    }
  return laid
}

const namedMax = 4

function noteOf(atMs: number, kind: 'fault' | 'heal', { fault, directions, regions }: Laid): Note {
  const more = directions.length > namedMax ? ` and ${directions.length - namedMax} more` : ''
  const where = directions.slice(0, namedMax).join(', ') + more
  const what = `${fault.what} of ${fault.owner} on ${where}`
  return { atMs, kind, text: kind === 'fault' ? what : `ended: ${what}`, regions }
}
