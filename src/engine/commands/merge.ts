/** One row of a peer, an item's or a register's: checked, reconciled with what is here, and written if it changes that. */
import type { Item } from '../../core/attribute/value.ts'
import { compareStamps, readStamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { decodeRow, encodeRow, isOnlyOf, type Row } from '../../core/item/row.ts'
import { reconcile, type Reconciled } from '../../core/reconcile/reconcile.ts'
import {
  guardRegister,
  identityRegister,
  indexRegister,
  type IndexRegister,
  keeperRegister,
  replicaRegister,
} from '../../core/table/registers.ts'
import { looksInside, type Table, type TableId } from '../../core/table/table.ts'
import { registerValueOf } from '../tables/catalog.ts'
import { DamagedRecord, itemRowDamage } from '../store/damaged-record.ts'
import { addConflict, addOverruled, addSetAside } from '../feed.ts'
import type { Group } from './flush-group.ts'
import { registerKey, rowKey } from '../store/keys.ts'
import { isForgotten } from './forget-registers.ts'
import { checkHeader, checkItemRow, checkRegisterRow } from './peer-row.ts'
import { putRegister, settleRegisters } from './register-edit.ts'
import { editRow, itemIn } from './row-edit.ts'
import type { State } from '../state.ts'

/** 'seen': only the version vector grew. */
export type Merged = 'ignored' | 'seen' | 'won' | 'conflict-won' | 'conflict-lost' | 'set-aside'

type Peer = {
  readonly key: Buffer
  readonly row: Buffer
  /** The same decoded, when somebody has done so already. */
  readonly header?: Row | undefined
  readonly origin: string
}

export type PeerItem = Peer & {
  readonly table: Table
  /** Rows that this region has stamped go out again as its own: they come from its own disk, and no peer may have them. */
  readonly restored?: true
}

export function mergeItem(state: State, group: Group, peer: PeerItem): Merged {
  const { table, key, row } = peer
  const checked = checkedItem(state, group, peer)
  if (checked === undefined) return 'set-aside'
  const { incoming } = checked
  const at = rowKey(table.number, key)
  const before = state.groups.get(at)
  if (before !== undefined && isDamaged(state, at, before)) return 'ignored'
  if (before !== undefined && isOnItsOwn(before, incoming)) {
    // The everyday case, told without decoding: one region alone has ever written the row.
    if (compareStamps(incoming.stamp, readStamp(before, 1)) <= 0) return 'ignored'
    editRow(state, group, {
      table,
      key,
      at,
      before,
      row: incoming,
      bytes: row,
      item: checked.item,
      cause: causeOf(state, peer, incoming),
    })
    return 'won'
  }
  const local = before === undefined ? undefined : decodeRow(before)
  const result = withoutVainConflict(reconcile(local, incoming), local, incoming)
  if (result.result === 'ignored') return 'ignored'
  if (result.result === 'conflict' && local !== undefined)
    addConflict(state, group, table, { key, local, incoming, winner: result.winner })
  const beforeItem = looksInside(table) ? itemIn(before) : undefined
  const item = takesIncoming(result) ? checked.item : beforeItem
  const bytes = result.row === incoming ? row : undefined
  editRow(state, group, {
    table,
    key,
    at,
    before,
    beforeItem,
    row: result.row,
    bytes,
    item,
    cause: causeOf(state, peer, result.row),
  })
  return mergedAs(result)
}

/** What comes for a damaged row cannot be reconciled with it: the row stays quarantined until it is compared with those of all peers. */
function isDamaged(state: State, at: Buffer, row: Buffer): boolean {
  const damage = itemRowDamage(row)
  if (damage !== undefined) state.damage.note(new DamagedRecord(at, damage))
  return damage !== undefined
}

/** Only what the region itself has stamped may leave it as its own. */
function causeOf({ topology }: State, { restored }: PeerItem, { stamp }: Row): 'restore' | 'replica' {
  return restored === true && stamp.region === topology.self.number ? 'restore' : 'replica'
}

type CheckedItem = { readonly incoming: Row; readonly item: Item | undefined }

function checkedItem(
  state: State,
  group: Group,
  { table, key, row, header, origin }: PeerItem,
): CheckedItem | undefined {
  try {
    const incoming = header ?? checkHeader(row)
    return { incoming, item: checkItemRow(table, key, incoming) }
  } catch (error) {
    return setAside(state, group, { origin, table: table.id, key, row }, error)
  }
}

function isOnItsOwn(before: Buffer, incoming: Row): boolean {
  return incoming.seen.length === 0 && isOnlyOf(before, incoming.stamp.region)
}

type PeerRegister = Peer & { readonly id: TableId }

export function mergeRegister(state: State, group: Group, peer: PeerRegister): Merged {
  const { id, key } = peer
  const register = key.toString()
  const incoming = checkedRegister(state, group, peer)
  if (incoming === undefined) return 'set-aside'
  const before = state.groups.get(registerKey(id, register))
  if (before === undefined && isForgotten(state, id, register, incoming.stamp)) return 'ignored'
  const result = reconcile(before === undefined ? undefined : decodeRow(before), incoming)
  if (result.result === 'ignored') return 'ignored'
  if (result.result === 'conflict' && before !== undefined)
    reportLoser(state, group, { table: id, register, local: decodeRow(before), incoming, winner: result.winner })
  putRegister(state, group, id, { register, row: result.row, cause: 'replica-table' })
  settleRegisters(state, group, id)
  return mergedAs(result)
}

type Met = {
  readonly table: TableId
  readonly register: string
  readonly local: Row
  readonly incoming: Row
  readonly winner: 'local' | 'incoming'
}

/** A region's own state (`replica/`) is no setting, but that a replica is asked for, or struck, is. */
function reportLoser(state: State, group: Group, { table, register, local, incoming, winner }: Met): void {
  const [won, lost] = winner === 'local' ? [local, incoming] : [incoming, local]
  const isState = [guardRegister, replicaRegister, keeperRegister, identityRegister].some((own) =>
    register.startsWith(own('')),
  )
  if (won.body.equals(lost.body) || (isState && won.tombstone === lost.tombstone)) return
  // A region that has forgotten a deleted index knows nothing of it when it makes another of the name.
  if (register.startsWith(indexRegister('')) && isDeletedBefore(lost, won)) return
  if (state.catalog.registers(table).get('local/status') === undefined) return
  addOverruled(state, group, {
    table,
    register,
    by: register,
    reason: 'a later change replaced it',
    row: encodeRow(lost),
  })
}

function isDeletedBefore(lost: Row, won: Row): boolean {
  const [before, after] = [lost, won].map((row) => registerValueOf(encodeRow(row)) as IndexRegister | undefined)
  return before === undefined || (before.deleted === true && before.id !== after?.id)
}

function checkedRegister(state: State, group: Group, { id, key, row, header, origin }: PeerRegister): Row | undefined {
  try {
    return checkRegisterRow(key.toString(), header ?? checkHeader(row))
  } catch (error) {
    return setAside(state, group, { origin, table: id, key, row }, error)
  }
}

type Sent = { readonly origin: string; readonly table: TableId; readonly key: Buffer; readonly row: Buffer }

function setAside(state: State, group: Group, sent: Sent, error: unknown): undefined {
  if (!(error instanceof RangeError)) throw error
  addSetAside(state, group, { ...sent, reason: error.message })
}

/** Two deletes that knew nothing of each other lose nothing by each other: they are told as no conflict. */
function withoutVainConflict(result: Reconciled, local: Row | undefined, incoming: Row): Reconciled {
  if (result.result !== 'conflict' || local?.tombstone !== true || !incoming.tombstone) return result
  return { result: result.winner === 'incoming' ? 'applied' : 'seen', row: result.row }
}

function takesIncoming(result: Reconciled): boolean {
  return result.result === 'applied' || (result.result === 'conflict' && result.winner === 'incoming')
}

function mergedAs(result: Reconciled): Merged {
  switch (result.result) {
    case 'ignored':
      return 'ignored'
    case 'seen':
      return 'seen'
    case 'applied':
      return 'won'
    case 'conflict':
      return result.winner === 'incoming' ? 'conflict-won' : 'conflict-lost'
    default:
      return result
  }
}
