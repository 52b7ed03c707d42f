/**
 * What this region still has to merge from its peers, once: a region that lost its disk, or left for good, may have told something
 * to one of them only, and no region publishes it again. A merge is due when the peer's state can hold no more of that
 * region: it stands in the log that the region has begun since, or has let go of the region as well.
 */
import { departedMax, owedMax, regionsMax } from '../../../core/limits/limits.ts'
import type { Region } from '../../../core/topology.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Places } from '../talk/questions.ts'

type PendingMergesEngine = Pick<Engine, 'note' | 'region' | 'regionNumbers' | 'setNote'>

/** `epoch` is the region's new log, or `departed`. */
export type PendingMerge = { readonly peer: string; readonly of: string; readonly epoch: string }

export type Absences = Required<Pick<Places, 'left' | 'owed'>>

type Deps = { readonly engine: PendingMergesEngine; readonly peers: readonly Region[] }

const departed = 'departed'
const noteOf = (peer: string, of: string): string => `replication/owed/${peer}/${of}`
const peersNote = 'replication/peers'
const departedNote = 'replication/departed'

export function pendingMerges({ engine, peers }: Deps): readonly PendingMerge[] {
  const names = peers.map(({ name }) => name)
  const of = new Set([engine.region.name, ...names, ...noted(engine, departedNote)])
  return names.flatMap((peer) =>
    [...of].flatMap((region) => {
      const epoch = engine.note(noteOf(peer, region)) as string | undefined
      return epoch === undefined ? [] : [{ peer, of: region, epoch }]
    }),
  )
}

/** From all others, once they stand in the region's new log. */
export async function awaitMerges({ engine, peers }: Deps, of: string, epoch: string): Promise<void> {
  for (const { name } of peers) if (name !== of) await engine.setNote(noteOf(name, of), epoch)
}

/** Compares with the peers as last noted; also what left while this node was down is found so. */
export async function noteDepartures(deps: Deps): Promise<void> {
  const { engine, peers } = deps
  const names = peers.map(({ name }) => name)
  const before = noted(engine, peersNote)
  if (JSON.stringify(before) === JSON.stringify(names)) return
  await engine.regionNumbers.remember()
  const gone = before.filter((name) => !names.includes(name))
  const all = new Set([...noted(engine, departedNote), ...gone])
  const away = [...all].filter((name) => !names.includes(name))
  await engine.setNote(departedNote, away.slice(-departedMax))
  for (const name of gone) await awaitMerges(deps, name, departed)
  const forgotten = away.slice(0, -departedMax)
  await forgetPendingMerges(engine, [...names, ...away], forgotten)
  await forgetPendingMerges(engine, forgotten, [...names, ...away])
  await engine.setNote(peersNote, names)
}

async function forgetPendingMerges(
  engine: PendingMergesEngine,
  peers: readonly string[],
  of: readonly string[],
): Promise<void> {
  for (const peer of peers)
    for (const region of new Set(of))
      if (engine.note(noteOf(peer, region)) !== undefined) await settleMerge(engine, { peer, of: region, epoch: '' })
}

/** For a comparison of replicas: which regions are away, and what of them may be missing here, also what is not noted yet. */
export function absences(deps: Deps): Absences {
  const { engine, peers } = deps
  const names = peers.map(({ name }) => name)
  const leaving = notNoted(deps)
  const left = [...new Set([...noted(engine, departedNote), ...leaving])].filter((name) => !names.includes(name))
  const unnoted = leaving.flatMap((region) => names.map((peer) => ({ region, peer })))
  const owed = [...pendingMerges(deps).map(({ of, peer }) => ({ region: of, peer })), ...unnoted]
  return { left: left.slice(-regionsMax).map((region) => ({ region })), owed: owed.slice(0, owedMax) }
}

/** The same for one region. */
export function hasPendingMergesOf({ engine, peers }: Deps, of: string): boolean {
  return peers.some(({ name }) => name !== of && engine.note(noteOf(name, of)) !== undefined)
}

export function hasPendingMerges(deps: Deps): boolean {
  return notNoted(deps).length > 0 || pendingMerges(deps).length > 0
}

/** Regions that have left, as noted: what others knew of them is being merged, or has been. */
export function departedRegions({ engine, peers }: Deps): readonly string[] {
  return noted(engine, departedNote).filter((name) => !peers.some((peer) => peer.name === name))
}

/** Regions that have left and of which that is not noted yet: what was being merged of them may still be under way. */
export function notNoted({ engine, peers }: Deps): readonly string[] {
  return noted(engine, peersNote).filter((name) => !peers.some((peer) => peer.name === name))
}

export function isMergeDue({ of, epoch }: PendingMerge, { cursors }: Places): boolean {
  const cursor = cursors.find(({ region }) => region === of)
  return epoch === departed ? cursor === undefined : cursor?.epoch === epoch
}

export async function settleMerge(engine: PendingMergesEngine, { peer, of }: PendingMerge): Promise<void> {
  await engine.setNote(noteOf(peer, of), undefined)
}

function noted(engine: PendingMergesEngine, name: string): readonly string[] {
  return (engine.note(name) ?? []) as readonly string[]
}
