/**
 * What is known of a table is a set of named registers, each replaced as a whole and merged between regions by its
 * stamp; this file names them, types their values, and adds them up to the `Table` that everything else works from.
 *
 *   definition          made once: name, key, creation
 *   replica/<region>    that region has, or is getting, a replica; the region itself tells how far it is
 *   leave/<region>      that region shall give its replica up, whatever it writes of itself meanwhile
 *   keeper/<region>     which region keeps the table when that one leaves (departures.ts)
 *   guard/<region>      what that region's replica is protected against, so that the others know
 *   override/<region>   what that region's replica has in its own way
 *   identity/<region>   what that region's replica is called there (table-identity.ts)
 *   scaling/<region>    what auto scaling may do to the table's capacity in that region (core/scaling)
 *   demand/<region>     the write units that the traffic of that region asks for, while it is scaled
 *   index/<name>        a secondary index as all replicas have it; `deleted` lets each region remove its own rows
 *   settings/<name>     what AWS keeps equal in all replicas
 *   strong/group        the group whose engine has the table (docs/design/quorum.md); in there it is `settings/strong`
 *   local/<name>        this region's own affair; never leaves it
 *
 * Removing a register (value undefined) and never having had it are the same to the view. Registers that contradict each
 * other are settled in contradictions.ts; those that do not count are kept, and listed under `local/overruled/`.
 */
import type {
  Changes,
  Expiry,
  IndexSettings,
  IndexStatus,
  KeptPolicy,
  KeyLoss,
  KeyAttribute,
  KeySchema,
  OnDemandThroughput,
  Projection,
  OwnChanges,
  KinesisDestination,
  Recovery,
  ReplicaStatus,
  RestoreSource,
  StrongGroup,
  TableStatus,
  Throughput,
  ThroughputChanges,
  WarmThroughput,
} from './table.ts'
import type { InsightsRegister } from '../insights/insight-rule.ts'
import type { Wait } from './waits.ts'

/** The registers' values by their types; `replica/…`, `index/…` and `local/index/…` continue with a name. */
export type RegisterValues = {
  definition: {
    readonly name: string
    readonly createdMs: number
    readonly key: KeySchema
    /** As given to CreateTable, in that order. */
    readonly attributes: readonly KeyAttribute[]
  }
  'settings/capacity': ThroughputChanges & {
    readonly billingMode: 'PAY_PER_REQUEST' | 'PROVISIONED'
    readonly provisioned?: Throughput
    readonly billingModeChangedMs?: number
  }
  'settings/on-demand': OnDemandThroughput
  'settings/warm': WarmThroughput
  'settings/table-class': 'STANDARD' | 'STANDARD_INFREQUENT_ACCESS'
  'settings/stream': { readonly enabled: boolean; readonly viewType: string; readonly label: string }
  'settings/encryption': { readonly type: string; readonly keyArn?: string; readonly status: string }
  'settings/time-to-live': { readonly attribute: string; readonly enabled: boolean }
  'settings/changes': Changes
  'strong/group': StrongGroup
  'settings/strong': StrongGroup
  /** None: every region writes. */
  'settings/writers': { readonly regions: readonly string[] }
  /** `wait`: what lasts. `before`: the throughput that is described until the status ends. */
  'local/status': {
    readonly status: TableStatus
    readonly sinceMs: number
    readonly wait?: Wait
    readonly before?: Throughput
  }
  'local/changes': OwnChanges
  'local/expiry': Expiry
  'local/recovery': Recovery
  /** Of a replica with strong consistency, in the place of what replicas share. */
  'local/stream': RegisterValues['settings/stream']
  'local/kinesis': KinesisDestination
  'local/restore': RestoreSource
  'local/insights': InsightsRegister
  'local/key-loss': KeyLoss
  'local/deletion-protection': boolean
  /** Of the replica: it may only be disassociated once this is false. Absent is true. */
  'local/disassociation-protection': boolean
  'local/settings-replication': 'ENABLED' | 'DISABLED'
  'local/tags': Readonly<Record<string, string>>
  'local/resource-policy': KeptPolicy
  'local/stream-policy': KeptPolicy & { readonly label: string }
}

export type ReplicaRegister = {
  readonly status: ReplicaStatus
  readonly statusDescription?: string
  readonly percentProgress?: number
  /** Made by CreateGlobalTable: an empty table that the region has under the name gives way to the replica. */
  readonly takesOver?: true
}

/**
 * `keepsTable`: what it has stays, as a table of its own, once everything under way has arrived. `by` and `askedMs`: which
 * region asked for it, and when; an older version does not say. `heard`: written by the region that is to leave, when it learns of
 * it; another text each time.
 */
export type LeaveRegister = {
  readonly keepsTable?: true
  readonly by?: string
  readonly askedMs?: number
  readonly heard?: string
}

/** `of`: the `heard` of the order to leave that `by` has seen while it was not to leave itself. */
export type KeeperRegister = { readonly by: string; readonly of: string }

/** Written by the region itself whenever it changes. */
export type GuardRegister = { readonly deletionProtection: boolean }

export type IndexRegister = {
  /** Made once: an index deleted and made again under the same name is another, with rows of its own. */
  readonly id: string
  readonly kind: 'local' | 'global'
  readonly key: KeySchema
  readonly projection: Projection
  readonly settings: IndexSettings
  readonly deleted?: true
  /** When UpdateTable made it: later than every index that the region knew of. Absent for an index of CreateTable. */
  readonly madeMs?: number
}

/**
 * Absent as long as this region has not begun the index, and again once its rows are gone. DELETING: its rows are being
 * removed; should the index count again, it begins anew under another number.
 */
export type LocalIndexRegister = {
  /** The shared register's id that it is about. */
  readonly id: string
  readonly number: number
  readonly status: IndexStatus
  readonly backfilling: boolean
  /** While CREATING: since it was begun, also once it is filled. */
  readonly sinceMs: number
  /** While UPDATING: the throughput that is described until the status ends. */
  readonly before?: Throughput
}

export type Registers = ReadonlyMap<string, unknown>

export const replicaRegister = (region: string): string => `replica/${region}`
/**
 * Its own register, because the region itself writes `replica/<region>` at any time (its progress, that it is complete), and
 * of two concurrent writes of one register only the later would count.
 */
export const leaveRegister = (region: string): string => `leave/${region}`
export const keeperRegister = (region: string): string => `keeper/${region}`
export const identityRegister = (region: string): string => `identity/${region}`
export const overrideRegister = (region: string): string => `override/${region}`
/** What there is of one replica: all of it goes with the replica. */
export const ofOneReplica = (region: string): readonly string[] => [
  replicaRegister(region),
  leaveRegister(region),
  overrideRegister(region),
  guardRegister(region),
  keeperRegister(region),
  identityRegister(region),
]
export const scalingRegister = (region: string): string => `scaling/${region}`
export const demandRegister = (region: string): string => `demand/${region}`
export const indexRegister = (name: string): string => `index/${name}`
export const localIndexRegister = (name: string): string => `local/index/${name}`
/** An index number whose rows are to be removed: another index has taken the name, or the same one has begun anew. */
export const leftoverRegister = (number: number | ''): string => `local/leftover/${number}`
/** A snapshot of the table, from the register's own position in the log on. */
export const snapshotRegister = (number: number | ''): string => `local/snapshot/${number}`
/** That a shared register does not count, and why. */
export const overruledRegister = (register: string): string => `local/overruled/${register}`
export const guardRegister = (region: string): string => `guard/${region}`
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

/** A register that does not count. */
export type Overruled = {
  readonly register: string
  /** The register that it contradicts; for a limit, the one that reached it. */
  readonly by: string
  readonly reason: string
}

/** Of registers that may contradict each other, by name. */
export type Kept<Value> = { readonly kept: ReadonlyMap<string, Value>; readonly overruled: readonly Overruled[] }
