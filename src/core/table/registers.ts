/**
 * What is known of a table is a set of named registers, each replaced as a whole and merged between regions by its
 * stamp; this file names them, types their values, and adds them up to the `Table` that everything else works from.
 *
 *   definition          made once: name, key, creation
 *   replica/<region>    that region has, or is getting, a replica; the region itself tells how far it is
 *   leave/<region>      that region shall give its replica up, whatever it writes of itself meanwhile
 *   override/<region>   what that region's replica has in its own way
 *   index/<name>        a secondary index as all replicas have it; `deleted` lets each region remove its own rows
 *   settings/<name>     what AWS keeps equal in all replicas
 *   local/<name>        this region's own affair; never leaves it
 *
 * Removing a register (value undefined) and never having had it are the same to the view.
 */
import { assert } from '../assert.ts'
import type {
  Index,
  IndexSettings,
  IndexStatus,
  KeyAttribute,
  KeySchema,
  OnDemandThroughput,
  Projection,
  Replica,
  ReplicaOverrides,
  ReplicaStatus,
  Table,
  TableId,
  TableSettings,
  TableStatus,
  Throughput,
  WarmThroughput,
} from './table.ts'

/** The registers' values by their types; `replica/…`, `index/…` and `local/index/…` continue with a name. */
export type RegisterValues = {
  definition: {
    readonly name: string
    readonly createdMs: number
    readonly key: KeySchema
    /** As given to CreateTable, in that order. */
    readonly attributes: readonly KeyAttribute[]
  }
  'settings/capacity': {
    readonly billingMode: 'PAY_PER_REQUEST' | 'PROVISIONED'
    readonly provisioned?: Throughput
    readonly billingModeChangedMs?: number
    readonly throughputIncreasedMs?: number
    readonly throughputDecreasedMs?: number
  }
  'settings/on-demand': OnDemandThroughput
  'settings/warm': WarmThroughput
  'settings/table-class': 'STANDARD' | 'STANDARD_INFREQUENT_ACCESS'
  'settings/stream': { readonly enabled: boolean; readonly viewType: string; readonly label: string }
  'settings/encryption': { readonly type: string; readonly keyArn?: string; readonly status: string }
  'settings/time-to-live': { readonly attribute: string; readonly enabled: boolean }
  'local/status': { readonly status: TableStatus; readonly sinceMs: number }
  'local/deletion-protection': boolean
  /** Of the replica: it may only be disassociated once this is false. Absent is true. */
  'local/disassociation-protection': boolean
  'local/tags': Readonly<Record<string, string>>
}

export type ReplicaRegister = {
  readonly status: ReplicaStatus
  readonly statusDescription?: string
  readonly percentProgress?: number
  /** Made by CreateGlobalTable: an empty table that the region has under the name gives way to the replica. */
  readonly takesOver?: true
}

/** `keepsTable`: what it has stays, as a table of its own, once everything under way has arrived. */
export type LeaveRegister = { readonly keepsTable?: true }

export type IndexRegister = {
  /** Made once: an index deleted and made again under the same name is another, with rows of its own. */
  readonly id: string
  readonly kind: 'local' | 'global'
  readonly key: KeySchema
  readonly projection: Projection
  readonly settings: IndexSettings
  readonly deleted?: true
}

/** Absent as long as this region has not begun the index, and again once its rows are gone. */
export type LocalIndexRegister = {
  /** The shared register's id that it is about. */
  readonly id: string
  readonly number: number
  readonly status: IndexStatus
  readonly backfilling: boolean
  readonly sinceMs: number
}

export type Registers = ReadonlyMap<string, unknown>

export const replicaRegister = (region: string): string => `replica/${region}`
/**
 * Its own register, because the region itself writes `replica/<region>` at any time (its progress, that it is complete), and
 * of two concurrent writes of one register only the later would count.
 */
export const leaveRegister = (region: string): string => `leave/${region}`
export const overrideRegister = (region: string): string => `override/${region}`
export const indexRegister = (name: string): string => `index/${name}`
export const localIndexRegister = (name: string): string => `local/index/${name}`
/** The last index number given out in this region, so that none is used again. */
export const localIndexCount = 'local/index-count'

export const isLocalRegister = (register: string): boolean => register.startsWith('local/')

export function registerValue<Name extends keyof RegisterValues>(
  registers: Registers,
  name: Name,
): RegisterValues[Name] | undefined {
  return registers.get(name) as RegisterValues[Name] | undefined
}

/** The registers whose names start with `prefix`, by the rest of the name, in the order of it. */
export function registersUnder(registers: Registers, prefix: string): readonly (readonly [string, unknown])[] {
  const found: [string, unknown][] = []
  for (const [name, value] of registers)
    if (value !== undefined && name.startsWith(prefix)) found.push([name.slice(prefix.length), value])
  return found.toSorted(([a], [b]) => (a < b ? -1 : 1))
}

/**
 * The table that the registers add up to in this region; undefined while its definition has not arrived, or when this region
 * has none of it: a region begins its replica, like a table of its own, by writing `local/status`.
 */
export function tableFrom(id: TableId, number: number, region: string, registers: Registers): Table | undefined {
  const definition = registerValue(registers, 'definition')
  if (definition === undefined) return undefined
  const replicas = replicasFrom(registers)
  const own = replicas.find((replica) => replica.region === region)
  const local = registerValue(registers, 'local/status')
  if (local === undefined) return undefined
  // Struck from the list by another region, which has given this one up: what is still here goes.
  const isStruck = replicas.length > 0 && own === undefined
  const indexes = indexesFrom(registers)
  return {
    id,
    number,
    name: definition.name,
    createdMs: definition.createdMs,
    status: isStruck ? 'DELETING' : statusFrom(local.status, own),
    statusSinceMs: local.sinceMs,
    key: definition.key,
    attributes: attributesFrom(definition, indexes),
    indexes,
    settings: settingsFrom(registers),
    // The last replica left is an ordinary table of one region again.
    replicas: replicas.length > 1 ? replicas : [],
  }
}

/** A replica that is coming or going is a table that is coming or going, whatever it was last told by its own clients. */
function statusFrom(local: TableStatus, own: Replica | undefined): TableStatus {
  return own?.status === 'CREATING' || own?.status === 'DELETING' ? own.status : local
}

function replicasFrom(registers: Registers): readonly Replica[] {
  return registersUnder(registers, replicaRegister('')).map(([region, value]) => {
    const overrides = registers.get(overrideRegister(region)) as ReplicaOverrides | undefined
    return {
      ...replicaFrom(region, value as ReplicaRegister, registers),
      ...(overrides === undefined ? {} : { overrides }),
    }
  })
}

/** Of every region that has or had to do with the table, how its replica stands. */
export function replicaStates(registers: Registers): readonly Replica[] {
  return registersUnder(registers, replicaRegister('')).map(([region, value]) =>
    replicaFrom(region, value as ReplicaRegister, registers),
  )
}

function replicaFrom(region: string, register: ReplicaRegister, registers: Registers): Replica {
  const { takesOver: _, ...state } = register
  const leave = registers.get(leaveRegister(region)) as LeaveRegister | undefined
  if (leave === undefined) return { region, ...state }
  return leave.keepsTable === true ? { region, status: 'UPDATING', keepsTable: true } : { region, status: 'DELETING' }
}

function indexesFrom(registers: Registers): readonly Index[] {
  return registersUnder(registers, localIndexRegister('')).map(([name, value]) => {
    const local = value as LocalIndexRegister
    const shared = registers.get(indexRegister(name)) as IndexRegister | undefined
    assert(shared !== undefined, `table: index ${name} has its shared register`)
    const { kind, key, projection, settings } = shared
    const { id, number, backfilling, sinceMs } = local
    const status = shared.deleted === true ? 'DELETING' : local.status
    return { id, name, kind, number, key, projection, settings, status, backfilling, statusSinceMs: sinceMs }
  })
}

/** Those that a key of the table or of an index uses: as given first, those of later indexes after them. */
function attributesFrom(definition: RegisterValues['definition'], indexes: readonly Index[]): readonly KeyAttribute[] {
  const used = new Map<string, KeyAttribute>()
  for (const { partition, sort } of [definition.key, ...indexes.map((index) => index.key)])
    for (const attribute of [...partition, ...sort]) used.set(attribute.name, attribute)
  const given = new Set(definition.attributes.map((attribute) => attribute.name))
  return [
    ...definition.attributes.filter((attribute) => used.has(attribute.name)),
    ...[...used.values()].filter((attribute) => !given.has(attribute.name)),
  ]
}

function settingsFrom(registers: Registers): TableSettings {
  const capacity = registerValue(registers, 'settings/capacity') ?? { billingMode: 'PAY_PER_REQUEST' as const }
  const onDemand = registerValue(registers, 'settings/on-demand')
  const warm = registerValue(registers, 'settings/warm')
  const tableClass = registerValue(registers, 'settings/table-class')
  const stream = registerValue(registers, 'settings/stream')
  const encryption = registerValue(registers, 'settings/encryption')
  const timeToLive = registerValue(registers, 'settings/time-to-live')
  const protection = registerValue(registers, 'local/disassociation-protection')
  return {
    ...capacity,
    ...(onDemand === undefined ? {} : { onDemand }),
    ...(warm === undefined ? {} : { warm }),
    ...(tableClass === undefined ? {} : { tableClass }),
    ...(stream === undefined ? {} : { stream }),
    ...(encryption === undefined ? {} : { encryption }),
    ...(timeToLive === undefined ? {} : { timeToLive }),
    deletionProtection: registerValue(registers, 'local/deletion-protection') ?? false,
    ...(protection === undefined ? {} : { disassociationProtection: protection }),
    tags: registerValue(registers, 'local/tags') ?? {},
  }
}

/**
 * The local registers that this region still owes to what its replicas share: an index that has arrived gets its
 * number and starts to be filled. The engine adds these edits to whatever edits bring an `index/` register in.
 */
export function owedIndexRegisters(registers: Registers, nowMs: number): readonly (readonly [string, unknown])[] {
  let count = (registers.get(localIndexCount) as number | undefined) ?? 0
  const owed: [string, unknown][] = []
  for (const [name, value] of registersUnder(registers, indexRegister(''))) {
    const index = value as IndexRegister
    const begun = registers.get(localIndexRegister(name)) as LocalIndexRegister | undefined
    if (index.deleted === true || begun?.id === index.id) continue
    count += 1
    const { id } = index
    const local: LocalIndexRegister = { id, number: count, status: 'CREATING', backfilling: false, sinceMs: nowMs }
    owed.push([localIndexRegister(name), local])
  }
  return owed.length === 0 ? [] : [...owed, [localIndexCount, count]]
}
