/** Keeps what is missing of silent regions in one note. */
import { sharedTablesMax } from '../../../core/limits/limits.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Region } from '../../../core/topology.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Clock } from '../../../ports/clock.ts'
import { replicasOf } from '../notes/registers-of.ts'
import { Missing, type NotedMissing } from './missing.ts'
import type { PausedPositions } from '../pause/paused-positions.ts'

type MissingNoteEngine = Pick<Engine, 'cursor' | 'note' | 'region' | 'registers' | 'setNote' | 'tableChanges'>

const missingNote = 'replication/missing'
/** A figure that has not changed is confirmed in the note this often: it says as of when it is. */
const confirmedEveryMs = 10_000

type Noted = Readonly<Record<string, NotedMissing>>

type Deps = { readonly env: { readonly clock: Clock }; readonly engine: MissingNoteEngine; readonly peer: Region }

export function missingOf({ env, engine, peer }: Deps, pausedPositions: PausedPositions): Missing {
  const region = engine.region.name
  const noted = (engine.note(missingNote) ?? {}) as Noted
  const shared = new SharedTables(engine)
  return new Missing(
    {
      clock: env.clock,
      region,
      cursor: () => {
        const cursor = engine.cursor(peer.name)
        return cursor === undefined ? undefined : { ...cursor, whole: pausedPositions.reach(cursor.position) }
      },
      shares: (table) => shared.has(table),
      isPaused: (table) => pausedPositions.tables.includes(table),
    },
    noted[peer.name],
  )
}

/** Tables of which this region has a replica, or is to have one: asked of every change that arrives, so looked up once. */
class SharedTables {
  readonly #engine: MissingNoteEngine
  readonly #known = new Map<TableId, { readonly changes: number; readonly isShared: boolean }>()

  constructor(engine: MissingNoteEngine) {
    this.#engine = engine
  }

  has(table: TableId): boolean {
    const changes = this.#engine.tableChanges.lastOf(table)
    const known = this.#known.get(table)
    if (known?.changes === changes) return known.isShared
    const isShared = replicasOf(this.#engine, table).has(this.#engine.region.name)
    if (this.#known.size >= sharedTablesMax) this.#known.clear()
    this.#known.set(table, { changes, isShared })
    return isShared
  }
}

export class MissingNote {
  readonly #engine: MissingNoteEngine
  readonly #clock: Clock
  #text = ''
  #writtenAtMs = -Infinity

  constructor(engine: MissingNoteEngine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  /** Called every second; writes only what has changed. */
  async write(subscribers: Iterable<{ readonly peer: Region; readonly missing: Missing }>): Promise<void> {
    const noted: Record<string, NotedMissing> = {}
    for (const { peer, missing } of subscribers) {
      missing.look()
      const own = missing.noted()
      if (own !== undefined) noted[peer.name] = own
    }
    const nowMs = this.#clock.monotonicMs()
    const text = JSON.stringify(Object.values(noted).map(withoutTime))
    if (text === this.#text && nowMs - this.#writtenAtMs < confirmedEveryMs) return
    await this.#engine.setNote(missingNote, noted)
    this.#text = text
    this.#writtenAtMs = nowMs
  }
}

/** Places move with every change that arrives: what counts is what is missing. */
function withoutTime({ said, silence }: NotedMissing): unknown {
  const figures = [said?.own, ...(said?.others ?? [])].map((each) => [each?.region, each?.changes, each?.oldestMs])
  return [said?.epoch, figures, silence]
}
