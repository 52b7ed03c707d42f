/**
 * What a region's replica of a table is called there: TableId, CreationDateTime and the stream's label are each region's own, as on
 * AWS. Between regions, and in the store, a table has one id everywhere.
 */
import { uuidFrom } from '../uuid-from.ts'
import {
  identityRegister,
  type Registers,
  registersUnder,
  registerValue,
  type ReplicaRegister,
  replicaRegister,
} from './registers.ts'
import type { Identity, TableId } from './table.ts'

export const identityOf = (registers: Registers, region: string): Identity | undefined =>
  registers.get(identityRegister(region)) as Identity | undefined

/** A stream's label is the time it was made, to the millisecond and without a zone: 2015-05-11T21:21:33.291. */
export const streamLabel = (ms: number): string => new Date(ms).toISOString().slice(0, -1)

/** The label that the region's stream has there, from the one that the replicas share. */
export function ownLabel(label: string, identity: Identity | undefined): string {
  return identity?.streamOf === label ? streamLabel(identity.createdMs) : label
}

type Place = { readonly table: TableId; readonly region: string; readonly nowMs: number }

/**
 * The identity of the region's replica, which has none yet. One that joins gets a new one. The table that the first replica comes
 * from keeps its own, and so does a replica that an older version has made.
 */
export function newIdentity(registers: Registers, { table, region, nowMs }: Place): Identity | undefined {
  const own = registers.get(replicaRegister(region)) as ReplicaRegister | undefined
  const definition = registerValue(registers, 'definition')
  if (own === undefined || definition === undefined || own.status === 'CREATION_FAILED') return undefined
  if (own.status !== 'CREATING') return { tableId: table, createdMs: definition.createdMs }
  const label = registerValue(registers, 'settings/stream')?.label
  const createdMs = afterAll(registers, definition.createdMs, nowMs)
  return {
    tableId: uuidFrom(`${table}/${region}/${createdMs}`),
    createdMs,
    ...(label === undefined ? {} : { streamOf: label }),
  }
}

const aheadMsMax = 60_000

/** A replica is younger than those before it, also by a clock that is behind. A clock far ahead counts for a minute at most. */
function afterAll(registers: Registers, tableMs: number, nowMs: number): number {
  const labelMs = Date.parse(`${registerValue(registers, 'settings/stream')?.label}Z`)
  const others = registersUnder(registers, identityRegister('')).map(([, value]) => (value as Identity).createdMs)
  const latestMs = Math.max(tableMs, Number.isNaN(labelMs) ? 0 : labelMs, ...others)
  return Math.max(nowMs, Math.min(latestMs + 1, nowMs + aheadMsMax))
}

/** In the order of creation. A replica that has not begun yet is the youngest. */
export function byCreation(registers: Registers, tableMs: number): (a: string, b: string) => number {
  const replica = (region: string) => registers.get(replicaRegister(region)) as ReplicaRegister | undefined
  const createdMs = (region: string): number =>
    identityOf(registers, region)?.createdMs ?? (replica(region)?.status === 'CREATING' ? Infinity : tableMs)
  return (a, b) => {
    const [first, second] = [createdMs(a), createdMs(b)]
    return first === second ? (a < b ? -1 : 1) : first - second
  }
}
