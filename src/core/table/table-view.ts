/** Adds a table's registers up to the `Table` that everything else works from. */
import { assert } from '../assert.ts'
import { settle, type Settled } from './contradictions.ts'
import { awaitsKeeper, isServed } from './departures.ts'
import { byCreation, identityOf } from './table-identity.ts'
import type { DemandRegister, ScalingRegister } from '../scaling/scalable-target.ts'
import {
  demandRegister,
  guardRegister,
  type GuardRegister,
  indexRegister,
  type IndexRegister,
  localIndexRegister,
  type LocalIndexRegister,
  leftoverRegister,
  overrideRegister,
  type Registers,
  registersUnder,
  type RegisterValues,
  registerValue,
  replicaRegister,
  scalingRegister,
  snapshotRegister,
  type ReplicaRegister,
} from './registers.ts'
import type {
  Index,
  IndexSettings,
  IndexStatus,
  KeyAttribute,
  KeyLoss,
  Replica,
  ReplicaOverrides,
  Snapshot,
  SnapshotRegister,
  StrongGroup,
  Table,
  TableId,
  TableSettings,
  TableStatus,
} from './table.ts'
import { isWait, type Wait } from './waits.ts'

/**
 * The table that the registers add up to in this region; undefined while its definition has not arrived, or when this region
 * has none of it: a region begins its replica, like a table of its own, by writing `local/status`.
 */
export function tableFrom(id: TableId, number: number, region: string, registers: Registers): Table | undefined {
  const definition = registerValue(registers, 'definition')
  if (definition === undefined) return undefined
  const settled = settle(registers)
  const oldestFirst = byCreation(registers, definition.createdMs)
  const identity = identityOf(registers, region)
  const strong = strongFrom(registers)
  const replicas = replicasFrom(registers, settled, strong).toSorted((a, b) => oldestFirst(a.region, b.region))
  const own = replicas.find((replica) => replica.region === region)
  const local = registerValue(registers, 'local/status')
  if (local === undefined) return undefined
  const settings = settingsFrom(registers, region, replicas)
  const keyLoss = registerValue(registers, 'local/key-loss')
  // Struck from the list by another region, which has given this one up: what is still here goes, unless it is protected.
  const isStruck = replicas.length > 0 && own === undefined && !settings.deletionProtection
  const indexes = indexesFrom(registers, settled, { settings, status: local.status, own })
  return {
    id,
    number,
    name: definition.name,
    createdMs: definition.createdMs,
    ...(identity === undefined ? {} : { identity }),
    status: isStruck || strong?.isOver === true ? 'DELETING' : statusFrom(local.status, own, keyLoss),
    ...(own?.mayStay === true && local.status !== 'DELETING' ? { mayStay: true as const } : {}),
    ...underWayOf(local, isStruck, own),
    key: definition.key,
    attributes: attributesFrom(definition, indexes),
    indexes,
    ...leftovers(registers),
    ...snapshotsFrom(registers),
    ...recoveryFrom(registers),
    ...(keyLoss === undefined ? {} : { keyLoss }),
    ...kinesisFrom(registers),
    ...restoreFrom(registers, local.status),
    ...expiryFrom(registers),
    ...overruledIndexes(registers, settled),
    ...insightsFrom(registers),
    ...scalingFrom(registers),
    ...(strong === undefined ? {} : { strong }),
    settings,
    ...(local.status === 'UPDATING' && local.before !== undefined ? { throughputBefore: local.before } : {}),
    // The last replica left is an ordinary table of one region again.
    replicas: replicas.length > 1 ? replicas : [],
  }
}

type LocalStatus = RegisterValues['local/status']

const usualWait: Readonly<Partial<Record<TableStatus, Wait>>> = {
  CREATING: 'table creation',
  UPDATING: 'throughput change',
  DELETING: 'table deletion',
}

/** A table that its own clients delete goes as any table does; one that others strike, at once. */
function underWayOf(local: LocalStatus, isStruck: boolean, own: Replica | undefined): Pick<Table, 'underWay'> {
  const since = (wait: Wait, beganMs = local.sinceMs) => ({ underWay: { wait, beganMs } })
  if (local.status === 'DELETING') return since('table deletion')
  if (isStruck) return {}
  if (own?.status === 'DELETING') return since('replica deletion', own.leavingSinceMs ?? 0)
  if (own?.status === 'CREATING') return since('replica creation')
  const wait = isWait(local.wait) ? local.wait : usualWait[local.status]
  return wait === undefined ? {} : since(wait)
}

/** A replica that is coming or going is a table that is coming or going, whatever it was last told by its own clients. */
function statusFrom(local: TableStatus, own: Replica | undefined, keyLoss: KeyLoss | undefined): TableStatus {
  if (own?.status === 'CREATING' || own?.status === 'DELETING') return own.status
  const isHere = local === 'ACTIVE' || local === 'UPDATING'
  return isHere && keyLoss?.isShown === true ? 'INACCESSIBLE_ENCRYPTION_CREDENTIALS' : local
}

function replicasFrom(registers: Registers, settled: Settled, strong: StrongGroup | undefined): readonly Replica[] {
  if (strong?.leaving !== undefined) return leavingFrom(strong)
  return registersUnder(registers, replicaRegister('')).map(([region, value]) => {
    const overrides = registers.get(overrideRegister(region)) as ReplicaOverrides | undefined
    const guard = registers.get(guardRegister(region)) as GuardRegister | undefined
    return {
      ...replicaFrom(registers, [region, value as ReplicaRegister], settled),
      ...(overrides === undefined ? {} : { overrides }),
      ...(guard?.deletionProtection === true ? { deletionProtection: true as const } : {}),
    }
  })
}

/** One region keeps the table; the others give it up when that has everything. */
function leavingFrom({ replicas, leaving, isOver }: StrongGroup): readonly Replica[] {
  const goes = { status: 'DELETING' as const, ...(isOver === true ? {} : { mayStay: true as const }) }
  return replicas.map((region) => (region === leaving ? { region, status: 'ACTIVE' } : { region, ...goes }))
}

/** Of every region that has or had to do with the table, how its replica stands. */
export function replicaStates(registers: Registers): readonly Replica[] {
  const settled = settle(registers)
  return registersUnder(registers, replicaRegister('')).map(([region, value]) =>
    replicaFrom(registers, [region, value as ReplicaRegister], settled),
  )
}

type NamedReplica = readonly [string, ReplicaRegister]

function replicaFrom(registers: Registers, [region, register]: NamedReplica, { leaves }: Settled): Replica {
  const { takesOver: _, ...state } = register
  const leave = leaves.get(region)
  if (leave === undefined) return { region, ...state }
  if (leave.keepsTable === true) return { region, status: 'UPDATING', keepsTable: true }
  const mayStay = isServed(register) && awaitsKeeper(registers, region)
  return {
    region,
    status: 'DELETING',
    ...(leave.by === region || leave.askedMs === undefined ? {} : { leavingSinceMs: leave.askedMs }),
    ...(mayStay ? { mayStay } : {}),
  }
}

/** What the states of a table's indexes depend on. */
type IndexesOf = {
  readonly settings: TableSettings
  readonly status: TableStatus
  readonly own: Replica | undefined
}

function indexesFrom(registers: Registers, { indexes }: Settled, of: IndexesOf): readonly Index[] {
  return registersUnder(registers, localIndexRegister('')).map(([name, value]) => {
    const local = value as LocalIndexRegister
    const shared = registers.get(indexRegister(name)) as IndexRegister | undefined
    assert(shared !== undefined, `table: index ${name} has its shared register`)
    const { kind, key, projection } = shared
    const { id, number, backfilling, before } = local
    const status: IndexStatus = indexes.get(name)?.id === id ? local.status : 'DELETING'
    return {
      id,
      name,
      kind,
      number,
      key,
      projection,
      status,
      backfilling,
      ...indexUnderWay(local, status, of),
      ...(status === 'UPDATING' && before !== undefined ? { throughputBefore: before } : {}),
      ...(shared.madeMs === undefined ? {} : { madeMs: shared.madeMs }),
      settings: indexSettings(shared, of.settings),
    }
  })
}

/** An index that comes with its table is ACTIVE when the table is, and one that comes with a replica when that is complete. */
function indexUnderWay(
  { sinceMs, backfilling }: LocalIndexRegister,
  status: IndexStatus,
  { status: tableStatus, own }: IndexesOf,
): Pick<Index, 'underWay'> {
  if (status === 'ACTIVE' || own?.status === 'CREATING') return {}
  return { underWay: { wait: indexWait(status, backfilling, tableStatus), beganMs: sinceMs } }
}

function indexWait(status: IndexStatus, backfilling: boolean, table: TableStatus): Wait {
  if (status === 'DELETING') return 'index deletion'
  if (status === 'UPDATING') return 'index throughput change'
  if (table === 'CREATING') return 'table creation with indexes'
  return backfilling ? 'index creation' : 'index allocation'
}

/** A global index that was made while another region turned to provisioned capacity has the table's throughput. */
function indexSettings({ kind, settings }: IndexRegister, table: TableSettings): IndexSettings {
  const lacks = kind === 'global' && table.billingMode === 'PROVISIONED' && settings.provisioned === undefined
  return lacks && table.provisioned !== undefined ? { ...settings, provisioned: table.provisioned } : settings
}

function overruledIndexes(registers: Registers, { overruled }: Settled): Pick<Table, 'overruledIndexes'> {
  const lost = new Set(overruled.map(({ register }) => register))
  const found = registersUnder(registers, indexRegister('')).filter(([name]) => lost.has(indexRegister(name)))
  return found.length === 0 ? {} : { overruledIndexes: new Map(found as [string, object][]) }
}

function leftovers(registers: Registers): Pick<Table, 'leftovers'> {
  const numbers = registersUnder(registers, leftoverRegister('')).map(([, number]) => number as number)
  return numbers.length === 0 ? {} : { leftovers: numbers }
}

function expiryFrom(registers: Registers): Pick<Table, 'expiry'> {
  const expiry = registerValue(registers, 'local/expiry')
  return expiry === undefined ? {} : { expiry }
}

function insightsFrom(registers: Registers): Pick<Table, 'insights'> {
  const insights = registerValue(registers, 'local/insights')
  return insights === undefined ? {} : { insights }
}

function scalingFrom(registers: Registers): Pick<Table, 'scaling' | 'demand'> {
  const scaling = registersUnder(registers, scalingRegister('')) as readonly [string, ScalingRegister][]
  if (scaling.length === 0) return {}
  const demand = registersUnder(registers, demandRegister('')) as readonly [string, DemandRegister][]
  return { scaling: new Map(scaling), ...(demand.length === 0 ? {} : { demand: new Map(demand) }) }
}

function strongFrom(registers: Registers): StrongGroup | undefined {
  const strong = registerValue(registers, 'settings/strong')
  if (strong !== undefined) return strong
  const elsewhere = registerValue(registers, 'strong/group')
  return elsewhere === undefined ? undefined : { ...elsewhere, isElsewhere: true }
}

function snapshotsFrom(registers: Registers): Pick<Table, 'snapshots'> {
  const snapshots = registersUnder(registers, snapshotRegister('')).map(([number, value]): Snapshot => ({
    number: Number(number),
    ...(value as SnapshotRegister),
  }))
  return snapshots.length === 0 ? {} : { snapshots }
}

function kinesisFrom(registers: Registers): Pick<Table, 'kinesis'> {
  const kinesis = registerValue(registers, 'local/kinesis')
  return kinesis === undefined ? {} : { kinesis }
}

function recoveryFrom(registers: Registers): Pick<Table, 'recovery'> {
  const recovery = registerValue(registers, 'local/recovery')
  return recovery === undefined ? {} : { recovery }
}

function restoreFrom(registers: Registers, status: TableStatus): Pick<Table, 'restore'> {
  const restore = status === 'CREATING' ? registerValue(registers, 'local/restore') : undefined
  return restore === undefined ? {} : { restore }
}

/** Those that a key of the table or of an index uses: as given first, those of later indexes after them. */
function attributesFrom(definition: RegisterValues['definition'], indexes: readonly Index[]): readonly KeyAttribute[] {
  const used = new Map<string, KeyAttribute>()
  // An index that goes may give an attribute another type than one that stays.
  const [going, staying] = [true, false].map((goes) => indexes.filter(({ status }) => (status === 'DELETING') === goes))
  for (const { partition, sort } of [definition.key, ...[...(staying ?? []), ...(going ?? [])].map(({ key }) => key)])
    for (const attribute of [...partition, ...sort]) if (!used.has(attribute.name)) used.set(attribute.name, attribute)
  const given = definition.attributes.flatMap(({ name }) => used.get(name) ?? [])
  return [...given, ...[...used.values()].filter((attribute) => !given.includes(attribute))]
}

function settingsFrom(registers: Registers, region: string, replicas: readonly Replica[]): TableSettings {
  const capacity = registerValue(registers, 'settings/capacity') ?? { billingMode: 'PAY_PER_REQUEST' as const }
  const onDemand = registerValue(registers, 'settings/on-demand')
  const warm = registerValue(registers, 'settings/warm')
  const tableClass = registerValue(registers, 'settings/table-class')
  const stream = streamFrom(registers, replicas)
  const encryption = registerValue(registers, 'settings/encryption')
  const timeToLive = registerValue(registers, 'settings/time-to-live')
  const settingsReplication = registerValue(registers, 'local/settings-replication')
  const protection = registerValue(registers, 'local/disassociation-protection')
  const changes = registerValue(registers, 'settings/changes')
  const ownChanges = registerValue(registers, 'local/changes')
  return {
    ...capacity,
    ...(onDemand === undefined ? {} : { onDemand }),
    ...(warm === undefined ? {} : { warm }),
    ...(tableClass === undefined ? {} : { tableClass }),
    ...(stream === undefined ? {} : { stream }),
    ...(encryption === undefined ? {} : { encryption }),
    ...(timeToLive === undefined ? {} : { timeToLive }),
    ...(settingsReplication === undefined ? {} : { settingsReplication }),
    ...(changes === undefined ? {} : { changes }),
    ...(ownChanges === undefined ? {} : { ownChanges }),
    deletionProtection: isProtected(registers, region),
    ...(protection === undefined ? {} : { disassociationProtection: protection }),
    tags: registerValue(registers, 'local/tags') ?? {},
    ...writersFrom(registers, replicas),
    ...policiesFrom(registers),
  }
}

/** A region that has left writes nothing any more; when none is left of those that were named, every region writes. */
function writersFrom(registers: Registers, replicas: readonly Replica[]): Pick<TableSettings, 'writers'> {
  const named = registerValue(registers, 'settings/writers')?.regions ?? []
  const writers = replicas.length < 2 ? [] : named.filter((each) => replicas.some(({ region }) => region === each))
  return writers.length === 0 ? {} : { writers }
}

function policiesFrom(registers: Registers): Pick<TableSettings, 'resourcePolicy' | 'streamPolicy'> {
  const resourcePolicy = registerValue(registers, 'local/resource-policy')
  const streamPolicy = registerValue(registers, 'local/stream-policy')
  return {
    ...(resourcePolicy === undefined ? {} : { resourcePolicy }),
    ...(streamPolicy === undefined ? {} : { streamPolicy }),
  }
}

/** Replication is built on it: one that a region has turned off while another added a replica is on. */
function streamFrom(registers: Registers, replicas: readonly Replica[]): TableSettings['stream'] {
  const own = registerValue(registers, 'local/stream')
  if (own !== undefined) return own
  const stream = registerValue(registers, 'settings/stream')
  return stream?.enabled === false && replicas.length > 1 ? { ...stream, enabled: true } : stream
}

/** After the loss of the disk, as the others remember it. */
function isProtected(registers: Registers, region: string): boolean {
  const guard = registers.get(guardRegister(region)) as GuardRegister | undefined
  return registerValue(registers, 'local/deletion-protection') ?? guard?.deletionProtection ?? false
}
