/** The state of a group that one replica takes from another, over the sessions between regions (engine/order/replica-state.ts). */
import type { ArchiveQuestion, ArchiveReply } from '../../core/archive/archive-question.ts'
import { groupStateBytesMax, type GroupStateQuestion, groupStateRowsMax } from '../../core/archive/group-question.ts'
import type { KeyedRow } from '../../core/change/rows.ts'
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import type { ReplicaState, ReplicaTable } from '../../engine/order/replica-state.ts'
import type { Engine } from '../../engine/engine.ts'
import type { PeerArchives } from '../../ports/peer-archives.ts'

type Reply = ArchiveReply<GroupStateQuestion>

/** As the replica of that region tells it. */
export function stateAt(peers: PeerArchives, region: string, group: string): ReplicaState {
  const ask = (question: Omit<GroupStateQuestion, 'ask' | 'group'>): Promise<Reply> =>
    peers.ask(region, { ask: 'group state', group, ...question })
  return {
    record: async () => (await ask({ of: 'record' })).record,
    tables: async () => tablesIn((await ask({ of: 'tables' })).tables),
    registers: async (table) => rowsIn((await ask({ of: 'registers', table })).rows),
    rows: async (table, after) => {
      const from = after === undefined ? {} : { after: after.toString('base64') }
      return rowsIn((await ask({ of: 'rows', table, ...from })).rows)
    },
  }
}

/** What a region tells of its own replica. */
export function lentState(engine: Engine, question: Extract<ArchiveQuestion, { ask: 'group state' }>): Reply {
  const { of, table = '', after } = question
  switch (of) {
    case 'record':
      return { record: engine.orderRecord() }
    case 'tables':
      return { tables: engine.knownTables().map((id) => tableOf(engine, id)) }
    case 'registers':
      return { rows: engine.registers(table).map(textOf) }
    case 'rows': {
      const from = after === undefined ? undefined : Buffer.from(after, 'base64')
      return { rows: engine.rows(table, from, groupStateRowsMax, groupStateBytesMax).map(textOf) }
    }
    default:
      return of
  }
}

function tableOf(engine: Engine, id: string): ReplicaTable {
  const horizon = engine.horizon(id)
  const isHere = engine.tableWithId(id) !== undefined
  return horizon === undefined ? { id, isHere } : { id, isHere, horizon }
}

const textOf = ({ key, row }: KeyedRow) => ({ key: key.toString('base64'), row: row.toString('base64') })

/** What is no list of rows is no answer: the replica is asked again, or another one. */
function rowsIn(value: unknown): readonly KeyedRow[] {
  return listIn(value).map(({ key, row }) => {
    if (typeof key !== 'string' || typeof row !== 'string') throw new RangeError('no row of a replica')
    return { key: Buffer.from(key, 'base64'), row: Buffer.from(row, 'base64') }
  })
}

function tablesIn(value: unknown): readonly ReplicaTable[] {
  return listIn(value).map(({ id, isHere, horizon }) => {
    if (typeof id !== 'string' || typeof isHere !== 'boolean') throw new RangeError('no table of a replica')
    return horizon === undefined ? { id, isHere } : { id, isHere, horizon: stampIn(horizon) }
  })
}

function stampIn(value: unknown): Stamp {
  const { wallMs, counter, region } = (value ?? {}) as Partial<Stamp>
  if (![wallMs, counter, region].every((part) => Number.isSafeInteger(part) && Number(part) >= 0))
    throw new RangeError('no horizon of a replica')
  return { wallMs: Number(wallMs), counter: Number(counter), region: Number(region) }
}

function listIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(value)) throw new RangeError('the replica has told nothing')
  return value.map((each: unknown) => (each ?? {}) as Readonly<Record<string, unknown>>)
}
