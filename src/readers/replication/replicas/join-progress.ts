/**
 * How far a join has come, as the store keeps it: where this region stood in every log when the table was begun, and the last row that was
 * merged of the snapshot. A source may give the snapshot once it has passed all of these places.
 */
import type { Position } from '../../../core/change/change.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Region } from '../../../core/topology.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Places } from '../talk/questions.ts'

type JoinProgressEngine = Pick<Engine, 'cursor' | 'epoch' | 'flushed' | 'note' | 'region'>

type Place = { readonly epoch: string; readonly position: Position }

export type Progress = {
  /** This region's cursors when the table was begun, by origin; and its own log, if it had the table before. */
  readonly places: Readonly<Record<string, Place>>
  readonly after?: string
  readonly rows: number
  /** The region had the replica before it lost its disk: it is complete as soon as it can be. */
  readonly again?: true
}

export const joinNote = (table: TableId): string => `replication/join/${table}`

export function joinProgress(engine: JoinProgressEngine, table: TableId): Progress | undefined {
  return engine.note(joinNote(table)) as Progress | undefined
}

/** Where this region stands in the logs of its peers, and in its own if it has written to the table before. */
export function placesOf(engine: JoinProgressEngine, peers: readonly Region[], wasHere: boolean): Progress['places'] {
  const places: Record<string, Place> = {}
  for (const { name } of peers) {
    const cursor = engine.cursor(name)
    if (cursor !== undefined) places[name] = { epoch: cursor.epoch, position: cursor.position }
  }
  if (wasHere) places[engine.region.name] = { epoch: engine.epoch, position: engine.flushed() }
  return places
}

type Here = { readonly engine: JoinProgressEngine; readonly peers: readonly Region[] }

/** Whether the source, which stands at `places`, has everything that the table was begun without here. */
export function hasPassed({ engine, peers }: Here, progress: Progress, source: string, places: Places): boolean {
  const isKnown = (origin: string): boolean =>
    origin === engine.region.name || peers.some(({ name }) => name === origin)
  return Object.entries(progress.places).every(([origin, place]) => {
    // The origin has lost its log since: its state was, or will be, merged into what has been begun here.
    if (origin !== engine.region.name && engine.cursor(origin)?.epoch !== place.epoch) return true
    if (origin === source) return places.epoch === place.epoch
    const theirs = places.cursors.find((cursor) => cursor.region === origin)
    // It has left, and the source has let go of it as well: nothing more of it can come there.
    if (theirs === undefined && !isKnown(origin)) return true
    return theirs !== undefined && theirs.epoch === place.epoch && theirs.position >= place.position
  })
}
