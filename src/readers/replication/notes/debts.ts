/**
 * What this region still has to merge from its peers, once: a region that lost its disk, or left for good, may have told something
 * to one of them only, and nobody publishes it again. A debt is settled when the peer's state can hold no more of that
 * region: it stands in the log that the region has begun since, or has let go of the region as well.
 */
import { departedMax, owedMax, regionsMax } from '../../../core/limits.ts'
import type { Region } from '../../../core/topology.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Places } from '../talk/questions.ts'

/** `epoch` is the region's new log, or `departed`. */
export type Debt = { readonly peer: string; readonly of: string; readonly epoch: string }

export type Absences = Required<Pick<Places, 'left' | 'owed'>>

type Room = { readonly engine: Engine; readonly peers: readonly Region[] }

const departed = 'departed'
const owedNote = (peer: string, of: string): string => `replication/owed/${peer}/${of}`
const peersNote = 'replication/peers'
const departedNote = 'replication/departed'

export function debts({ engine, peers }: Room): readonly Debt[] {
  const names = peers.map(({ name }) => name)
  const of = new Set([engine.region.name, ...names, ...noted(engine, departedNote)])
  return names.flatMap((peer) =>
    [...of].flatMap((region) => {
      const epoch = engine.note(owedNote(peer, region)) as string | undefined
      return epoch === undefined ? [] : [{ peer, of: region, epoch }]
    }),
  )
}

/** From all others, once they stand in the region's new log. */
export async function oweFromOthers({ engine, peers }: Room, of: string, epoch: string): Promise<void> {
  for (const { name } of peers) if (name !== of) await engine.setNote(owedNote(name, of), epoch)
}

/** Compares with the peers as last noted; also what left while this node was down is found so. */
export async function noteDepartures(room: Room): Promise<void> {
  const { engine, peers } = room
  const names = peers.map(({ name }) => name)
  const before = noted(engine, peersNote)
  if (JSON.stringify(before) === JSON.stringify(names)) return
  await engine.regionNumbers.remember()
  const gone = before.filter((name) => !names.includes(name))
  const all = new Set([...noted(engine, departedNote), ...gone])
  const away = [...all].filter((name) => !names.includes(name))
  await engine.setNote(departedNote, away.slice(-departedMax))
  for (const name of gone) await oweFromOthers(room, name, departed)
  const forgotten = away.slice(0, -departedMax)
  await forgetDebts(engine, [...names, ...away], forgotten)
  await forgetDebts(engine, forgotten, [...names, ...away])
  await engine.setNote(peersNote, names)
}

async function forgetDebts(engine: Engine, peers: readonly string[], of: readonly string[]): Promise<void> {
  for (const peer of peers)
    for (const region of new Set(of))
      if (engine.note(owedNote(peer, region)) !== undefined) await settle(engine, { peer, of: region, epoch: '' })
}

/** For whoever compares replicas: which regions are away, and what of them may be missing here, also what is not noted yet. */
export function absences(room: Room): Absences {
  const { engine, peers } = room
  const names = peers.map(({ name }) => name)
  const leaving = notNoted(room)
  const left = [...new Set([...noted(engine, departedNote), ...leaving])].filter((name) => !names.includes(name))
  const unnoted = leaving.flatMap((region) => names.map((peer) => ({ region, peer })))
  const owed = [...debts(room).map(({ of, peer }) => ({ region: of, peer })), ...unnoted]
  return { left: left.slice(-regionsMax).map((region) => ({ region })), owed: owed.slice(0, owedMax) }
}

/** The same for one region. */
export function owesMergesOf({ engine, peers }: Room, of: string): boolean {
  return peers.some(({ name }) => name !== of && engine.note(owedNote(name, of)) !== undefined)
}

export function owesMerges(room: Room): boolean {
  return notNoted(room).length > 0 || debts(room).length > 0
}

/** Regions that have left, as noted: what others knew of them is being merged, or has been. */
export function departedRegions({ engine, peers }: Room): readonly string[] {
  return noted(engine, departedNote).filter((name) => !peers.some((peer) => peer.name === name))
}

/** Regions that have left and of which that is not noted yet: what was being merged of them may still be under way. */
export function notNoted({ engine, peers }: Room): readonly string[] {
  return noted(engine, peersNote).filter((name) => !peers.some((peer) => peer.name === name))
}

export function isDue({ of, epoch }: Debt, { cursors }: Places): boolean {
  const cursor = cursors.find(({ region }) => region === of)
  return epoch === departed ? cursor === undefined : cursor?.epoch === epoch
}

export async function settle(engine: Engine, { peer, of }: Debt): Promise<void> {
  await engine.setNote(owedNote(peer, of), undefined)
}

function noted(engine: Engine, name: string): readonly string[] {
  return (engine.note(name) ?? []) as readonly string[]
}
