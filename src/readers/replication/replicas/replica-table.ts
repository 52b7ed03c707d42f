/**
 * What a region does about its own replica of a table: the register `replica/<this region>` asks for a state, and one actor brings it about. The
 * survey of replicas.ts does what the table says. docs/design/replication.md shows the table.
 */
import type { Replica, ReplicaStatus, Table } from '../../../core/table/table.ts'

/** What the registers ask for. `struck`: other regions have replicas, and this one has none any more, or never had. */
export const replicaStates = ['unshared', 'struck', 'creating', 'complete', 'failed', 'leaving', 'parting'] as const

/** Where the table's data is: not in this region; or here, and whether its removal by others is refused. */
export const replicaEvents = ['is away', 'is here', 'is here and protected'] as const

type State = (typeof replicaStates)[number]
type Event = (typeof replicaEvents)[number]

/** Who acts. `none`: nothing is to be done; a join that runs is dropped. */
type Action = 'none' | 'join' | 'strike' | 'part' | 'release' | 'removal'

export type ReplicaCell = {
  readonly state: State
  readonly event: Event
  readonly next: State
  readonly action: Action
}

const stay = (state: State): readonly ReplicaCell[] =>
  replicaEvents.map((event) => ({ state, event, next: state, action: 'none' }))

export const replicaTable: readonly ReplicaCell[] = [
  ...stay('unshared'),
  { state: 'struck', event: 'is away', next: 'struck', action: 'none' },
  // Given up by the others: the caretaker removes its data, unless it is protected, and then it goes on as a table of its own.
  { state: 'struck', event: 'is here', next: 'struck', action: 'removal' },
  { state: 'struck', event: 'is here and protected', next: 'unshared', action: 'part' },
  { state: 'creating', event: 'is away', next: 'complete', action: 'join' },
  { state: 'creating', event: 'is here', next: 'complete', action: 'join' },
  { state: 'creating', event: 'is here and protected', next: 'complete', action: 'join' },
  // The disk that had it was lost.
  { state: 'complete', event: 'is away', next: 'creating', action: 'join' },
  { state: 'complete', event: 'is here', next: 'complete', action: 'none' },
  { state: 'complete', event: 'is here and protected', next: 'complete', action: 'none' },
  ...stay('failed'),
  { state: 'leaving', event: 'is away', next: 'struck', action: 'strike' },
  // The caretaker removes the data; then the table is away.
  { state: 'leaving', event: 'is here', next: 'leaving', action: 'removal' },
  { state: 'leaving', event: 'is here and protected', next: 'leaving', action: 'removal' },
  { state: 'parting', event: 'is away', next: 'struck', action: 'strike' },
  { state: 'parting', event: 'is here', next: 'unshared', action: 'release' },
  { state: 'parting', event: 'is here and protected', next: 'unshared', action: 'release' },
]

const cells = new Map(replicaTable.map((cell) => [`${cell.state}, ${cell.event}`, cell]))

/** The cell for a table as this region has it; `replicas` are those of its registers. */
export function replicaCell(
  table: Pick<Table, 'status' | 'settings'> | undefined,
  replicas: ReadonlyMap<string, Replica>,
  region: string,
): ReplicaCell | undefined {
  return cells.get(`${stateOf(replicas, region)}, ${eventOf(table)}`)
}

const ofStatus: Readonly<Record<ReplicaStatus, State>> = {
  CREATING: 'creating',
  ACTIVE: 'complete',
  UPDATING: 'complete',
  DELETING: 'leaving',
  CREATION_FAILED: 'failed',
  REGION_DISABLED: 'failed',
  INACCESSIBLE_ENCRYPTION_CREDENTIALS: 'failed',
}

function eventOf(table: Pick<Table, 'status' | 'settings'> | undefined): Event {
  if (table === undefined) return 'is away'
  return table.settings.deletionProtection && table.status !== 'DELETING' ? 'is here and protected' : 'is here'
}

function stateOf(replicas: ReadonlyMap<string, Replica>, region: string): State {
  const own = replicas.get(region)
  if (own === undefined) return replicas.size > 0 ? 'struck' : 'unshared'
  if (own.keepsTable === true) return 'parting'
  return ofStatus[own.status]
}
