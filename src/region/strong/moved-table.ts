/** What a table takes with it from one engine of its region to another: its settings, and then its items. */
import {
  indexRegister,
  type IndexRegister,
  identityRegister,
  isLocalRegister,
  type RegisterValues,
} from '../../core/table/registers.ts'
import { isTombstone } from '../../core/item/row.ts'
import { isFed, type Recovery, type StrongGroup, type Table, type TableId } from '../../core/table/table.ts'
import { stepBytesMax, stepRowsMax } from '../../core/limits/limits.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import type { Engine } from '../../engine/engine.ts'
import { registerValueOf } from '../../engine/tables/catalog.ts'

type NewLog = Pick<Engine, 'epoch' | 'flushed'>
type HistoryFrom = { readonly group?: string; readonly nowMs: number }

/** All but what is of one engine, or of replicas. Its stream is the region's own, where several regions have the table. */
export function registersToMove(table: Table, engine: Pick<Engine, 'registers' | 'region'>): readonly RegisterEdit[] {
  const shared = engine.registers(table.id).flatMap(({ key, row }): RegisterEdit[] => {
    const register = key.toString('utf8')
    const value = registerValueOf(row)
    return isMoved(register, value) ? [{ register, value }] : []
  })
  const { tableId, createdMs } = table.identity ?? { tableId: table.id, createdMs: table.createdMs }
  const identity = { register: identityRegister(engine.region.name), value: { tableId, createdMs } }
  return [...shared, identity, ...ownRegisters(table)]
}

const moved = ['definition', 'settings/', 'scaling/', 'demand/', indexRegister('')]
const notMoved: ReadonlySet<string> = new Set(['settings/strong', 'settings/stream', 'settings/writers'])

function isMoved(register: string, value: unknown): boolean {
  if (value === undefined || isLocalRegister(register) || notMoved.has(register)) return false
  if (register.startsWith(indexRegister('')) && (value as IndexRegister).deleted === true) return false
  return moved.some((prefix) => register.startsWith(prefix))
}

/** What is of this region alone, for a replica that goes on in another store. */
export function registersToKeep(table: Table, to: NewLog, given: HistoryFrom): readonly RegisterEdit[] {
  const { kinesis } = table
  const destination = kinesis === undefined ? [] : [{ register: 'local/kinesis', value: kinesis }]
  return [...ownRegisters(table), ...ownStream(table), ...destination, ...ownRecovery(table, to, given)]
}

/** Tables whose streams begin again with another store. What was not read of them is lost. */
export function streamedIn(former: Pick<Engine, 'tables'> | undefined): string {
  const isStreamed = ({ settings, kinesis }: Table): boolean => settings.stream?.enabled === true || isFed(kinesis)
  const names = former
    ?.tables()
    .filter(isStreamed)
    .map(({ name }) => name)
  return names?.join() ?? ''
}

/** What is of this region alone. */
function ownRegisters({ settings, insights }: Table): readonly RegisterEdit[] {
  const { tags, deletionProtection, resourcePolicy, streamPolicy, ownChanges } = settings
  const own: Partial<RegisterValues> = {
    'local/tags': tags,
    'local/deletion-protection': deletionProtection,
    ...(resourcePolicy === undefined ? {} : { 'local/resource-policy': resourcePolicy }),
    ...(streamPolicy === undefined ? {} : { 'local/stream-policy': streamPolicy }),
    ...(ownChanges === undefined ? {} : { 'local/changes': ownChanges }),
    ...(insights === undefined ? {} : { 'local/insights': insights }),
  }
  return Object.entries(own).map(([register, value]) => ({ register, value }))
}

/** Its history begins again in the log that it comes to. */
export function ownRecovery({ recovery }: Table, to: NewLog, given: HistoryFrom): readonly RegisterEdit[] {
  if (recovery === undefined) return []
  const { group, nowMs } = given
  const begun: Recovery = { days: recovery.days, sinceMs: nowMs, after: to.flushed() }
  const shared = group === undefined ? {} : { shared: { group, log: to.epoch } }
  return [{ register: 'local/recovery', value: { ...begun, ...shared } }]
}

/** In a group its stream is each region's own. */
export function ownStream({ settings: { stream } }: Table): readonly RegisterEdit[] {
  return stream === undefined ? [] : [{ register: 'local/stream', value: stream }]
}

/** Items that are there; a copy that was broken off is made again. */
export async function copyItems(from: Engine, to: Engine, { id }: Pick<Table, 'id'>): Promise<void> {
  for (let after: Buffer | undefined; ;) {
    const rows = from.rows(id, after, stepRowsMax, stepBytesMax)
    const last = rows.at(-1)
    if (last === undefined) return
    await to.merge(
      id,
      rows.filter(({ row }) => !isTombstone(row)),
    )
    after = last.key
  }
}

/** It is UPDATING as long as its region takes it back. */
export function dissolving({ underWay }: Table): readonly RegisterEdit[] {
  const value: RegisterValues['local/status'] = {
    status: 'UPDATING',
    sinceMs: underWay?.beganMs ?? 0,
    wait: 'strong dissolution',
  }
  return [{ register: 'local/status', value }]
}

/** The group that has or gets a table, as the region's own engine has it. */
export function markerOf(engine: Pick<Engine, 'registers'>, id: TableId): StrongGroup | undefined {
  const found = engine.registers(id).find(({ key }) => key.toString('utf8') === 'strong/group')
  return found === undefined ? undefined : (registerValueOf(found.row) as StrongGroup | undefined)
}
