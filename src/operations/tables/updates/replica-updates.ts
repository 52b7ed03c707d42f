/**
 * UpdateTable: replicas in other regions. What is written here are registers: the region that learns of one with its
 * own name joins, or leaves, by itself, and tells the others how far it is.
 */
import type { ReplicationGroupUpdate, UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { required } from '../../../core/assert.ts'
import { type ServiceError, validationError } from '../../../core/errors.ts'
import { managedKey, ownKeyOf } from '../../../core/table/own-key.ts'
import { streamLabel } from '../../../core/table/table-identity.ts'
import {
  guardRegister,
  identityRegister,
  leaveRegister,
  type LeaveRegister,
  ofOneReplica,
  overrideRegister,
  replicaRegister,
  type ReplicaRegister,
  type RegisterValues,
} from '../../../core/table/registers.ts'
import type { Replica, Table } from '../../../core/table/table.ts'
import type { RegisterEdit } from '../../../engine/commands/command.ts'
import { scalingOfNewReplica } from '../../global-tables/replica-scaling.ts'
import type { OperationContext } from '../../operation.ts'
import type { Wire } from '../../sdk-shape.ts'
import { isListed } from '../description.ts'
import { overridesFrom } from '../replica-overrides.ts'
import { checkConsistencyUpdates, isBirth, isDissolution, severalAtOnce } from './strong-updates.ts'

type Input = Wire<UpdateTableInput>
type Update = Wire<ReplicationGroupUpdate>

const invalid = (message: string) => validationError(`One or more parameter values were invalid: ${message}`)

const regionOf = (update: Update): string | undefined =>
  (update.Create ?? update.Update ?? update.Delete ?? update.Disassociate)?.RegionName

const kinds = ['Create', 'Update', 'Delete', 'Disassociate'] as const satisfies readonly (keyof Update)[]
type Kind = (typeof kinds)[number]

const kindsOf = (update: Update): readonly Kind[] => kinds.filter((kind) => update[kind] !== undefined)

/** Two that are the same count as one. */
function distinct(updates: readonly Update[]): readonly Update[] {
  const seen = new Set<string>()
  return updates.filter((update) => {
    const text = JSON.stringify(update)
    return seen.size < seen.add(text).size
  })
}

export function checkReplicaUpdates(input: Input, context: OperationContext): void {
  const { settings } = context
  const updates = distinct(input.ReplicaUpdates ?? [])
  if (context.strong === undefined) checkConsistency(input, context)
  else checkConsistencyUpdates(input, context)
  for (const update of updates) {
    const given = kindsOf(update)
    if (given.length > 1)
      throw validationError('Update table operation with more than one type of replica actions not allowed.')
    if (given.length === 0)
      throw invalid('One of ReplicaUpdate.Create, ReplicaUpdate.Update, ReplicaUpdate.Delete must not be null')
    const region = regionOf(update) ?? ''
    if (region === settings.region && update.Disassociate === undefined)
      throw validationError(
        'Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.',
      )
    if (update.Create !== undefined) assertKnownRegion(region, settings.regions)
    if (update.Update !== undefined && Object.keys(update.Update).length === 1)
      throw validationError('There are no actions specified in the Replica Update Action of the request.')
  }
  checkDisassociation(input, settings.region)
  if (!isOfAllMembers(input, context)) checkFew(updates)
  if (new Set(updates.flatMap(kindsOf)).size > 1)
    throw validationError('Update table operation with more than one type of replica actions not allowed.')
  if (new Set(updates.map(regionOf)).size < updates.length)
    throw invalid('Only one replica update per region is allowed')
}

function checkFew(updates: readonly Update[]): void {
  const isOne = (update: Update): boolean => update.Create !== undefined || update.Delete !== undefined
  if (updates.filter(isOne).length > 1) throw severalAtOnce()
}

/** Whether the table has strong consistency, and so may lose several at once, is known later (strong-updates.ts). */
const isOfAllMembers = (input: Input, { strong }: OperationContext): boolean =>
  strong !== undefined && (isBirth(input) || isDissolution(input))

/** "The Disassociate action must be the only replica update in the request", and of the local region (API reference, UpdateTable). */
function checkDisassociation({ ReplicaUpdates: updates = [], ...others }: Input, local: string): void {
  const asked = updates.find((update) => update.Disassociate !== undefined)?.Disassociate
  if (asked === undefined) return
  const more = Object.keys(others).filter((name) => name !== 'TableName')
  if (updates.length > 1 || more.length > 0) throw invalid('Disassociate must be the only update in the request')
  if (asked.RegionName !== local) throw invalid('Disassociate must name the region that the request is sent to')
}

function checkConsistency(input: Input, { latest }: OperationContext): void {
  const { MultiRegionConsistency: mode, GlobalTableWitnessUpdates: witnesses } = input
  if (mode === undefined && witnesses === undefined) return
  const creates = input.ReplicaUpdates?.some((update) => update.Create !== undefined) === true
  if (mode !== undefined && !creates)
    throw invalid('MultiRegionConsistency can only be specified when a replica is created')
  if (mode !== 'STRONG' && witnesses === undefined) return
  // Only regions of several nodes have that.
  if (latest !== undefined)
    throw validationError(
      'Multi-Region strong consistency is not supported by this region of several nodes: tables with MultiRegionConsistency STRONG need a quorum server among those of two other regions (--group-quorum)',
    )
  throw validationError('Multi-Region strong consistency is not supported by this version of Longitude')
}

export function assertKnownRegion(region: string, known: readonly string[]): void {
  if (known.includes(region)) return
  throw validationError(
    `Region ${region} is not supported. The latest version of global tables are only supported in the following regions: [${known.join(', ')}]`,
  )
}

/** Throws a ServiceError for one that is to be changed or removed and is none, or is not listed yet. */
export function checkReplicasKnown(
  table: Table,
  { ReplicaUpdates: updates = [] }: Input,
  context: OperationContext,
): void {
  const listed = { ...table, replicas: table.replicas.filter((replica) => isListed(replica, table, context)) }
  for (const { Update, Delete, Disassociate } of updates) {
    const named = Update ?? Delete ?? Disassociate
    if (named !== undefined) findReplica(listed, named.RegionName)
  }
}

/** What a table begins with that gets replicas with strong consistency: no stream, unless it has one. */
export function strongReplicas(table: Table, input: Input, context: OperationContext): RegisterEdit[] {
  const updates = distinct(input.ReplicaUpdates ?? [])
  return updates.flatMap(({ Create }) => (Create === undefined ? [] : creation(table, Create, context)))
}

export function replicaUpdates(table: Table, input: Input, context: OperationContext): RegisterEdit[] {
  const updates = distinct(input.ReplicaUpdates ?? [])
  const edits = updates.flatMap((update) => {
    if (update.Create !== undefined) return creation(table, update.Create, context)
    if (update.Delete !== undefined) return deletion(table, update.Delete.RegionName, context)
    if (update.Disassociate !== undefined) return disassociation(table, update.Disassociate.RegionName)
    return overriding(table, update.Update, context)
  })
  // The stream first: no region sees a table that has replicas and no stream.
  return updates.some((update) => update.Create !== undefined) ? [...replicatedStream(table, context), ...edits] : edits
}

type Creation = NonNullable<Update['Create']>

/** A key is its region's, so that each replica of a table with a key of its customer needs one of its own. */
function checkReplicaKey(table: Table, { KMSMasterKeyId: asked }: Creation, region: string): void {
  const own = ownKeyOf(table, region)
  const isOfCustomer = own !== undefined && own !== managedKey
  if (isOfCustomer && asked === undefined) throw invalid('KMSMasterKeyId must be specified for each replica.')
  if (!isOfCustomer && asked !== undefined && asked !== managedKey)
    throw invalid('All replica keys must either be Customer Managed CMK or AWS Managed CMK.')
}

function creation(table: Table, asked: Creation, context: OperationContext): RegisterEdit[] {
  const region = required(asked.RegionName, 'RegionName')
  const scaling = scalingOfNewReplica(table, region, context)
  if (table.replicas.some((replica) => replica.region === region && replica.status !== 'CREATION_FAILED'))
    throw validationError(
      `Failed to create a the new replica of table with name: ‘${table.name}’ because one or more replicas already existed as tables.`,
    )
  checkReplicaKey(table, asked, context.settings.region)
  const overrides = overridesFrom(table, asked, undefined, context.settings.accountId)
  return [
    ...newReplica(table, region, {}, context.settings.region),
    ...scaling,
    { register: overrideRegister(region), value: Object.keys(overrides).length === 0 ? undefined : overrides },
  ]
}

/** The region joins once it learns of this. The first replica makes of the table here one, too. */
export function newReplica(
  table: Table,
  region: string,
  more: Pick<ReplicaRegister, 'takesOver'>,
  local: string,
): RegisterEdit[] {
  const coming: ReplicaRegister = { status: 'CREATING', percentProgress: 0, ...more }
  const here: ReplicaRegister = { status: 'ACTIVE' }
  const first = [
    { register: replicaRegister(local), value: here },
    { register: leaveRegister(local), value: undefined },
  ]
  return [
    { register: identityRegister(region), value: undefined },
    { register: replicaRegister(region), value: coming },
    { register: leaveRegister(region), value: undefined },
    { register: guardRegister(region), value: undefined },
    ...(table.replicas.length > 0 ? [] : first),
  ]
}

function deletion(table: Table, regionName: string | undefined, { settings, env }: OperationContext): RegisterEdit[] {
  const { region, deletionProtection } = findReplica(table, regionName)
  // One in a region that this deployment has no more can only be struck: no one there can end its protection.
  if (deletionProtection === true && settings.regions.includes(region)) throw protectedIn(table, region)
  assertNoSource(table, region)
  return leaving(region, { by: settings.region, askedMs: env.clock.wallMs() }, settings.regions)
}

/** AWS's words for a member of a global table, also when it is deleted in its own region. */
export function protectedIn({ name }: Table, region: string): ServiceError {
  return validationError(
    `Cannot delete table ${name} in region ${region} because it has deletion protection enabled. Disable deletion protection first.`,
  )
}

/** A region that is none of this deployment any more cannot do it itself: it is struck from the list. */
export function leaving(region: string, how: LeaveRegister, known: readonly string[]): RegisterEdit[] {
  if (known.includes(region)) return [{ register: leaveRegister(region), value: how }]
  return ofOneReplica(region).map((register) => ({ register, value: undefined }))
}

/** AWS keeps every source for a day; here only one that a replica still needs. */
export function assertNoSource(table: Table, leavingRegion: string): void {
  const others = table.replicas.filter(({ region }) => region !== leavingRegion)
  const isNeeded = others.some(({ status }) => status === 'CREATING')
  if (isNeeded && !others.some(({ status }) => status === 'ACTIVE' || status === 'UPDATING'))
    throw validationError(
      'Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.',
    )
}

function disassociation(table: Table, regionName: string | undefined): RegisterEdit[] {
  const { region } = findReplica(table, regionName)
  if (table.settings.disassociationProtection !== false)
    throw validationError(
      'Replica cannot be disassociated as it is currently protected against disassociation. Disable disassociation protection first.',
    )
  const how: LeaveRegister = { keepsTable: true }
  return [{ register: leaveRegister(region), value: how }]
}

function overriding(table: Table, asked: Update['Update'], { settings }: OperationContext): RegisterEdit[] {
  const { region, overrides } = findReplica(table, asked?.RegionName)
  return [
    {
      register: overrideRegister(region),
      value: overridesFrom(table, asked ?? {}, overrides ?? {}, settings.accountId),
    },
  ]
}

function findReplica(table: Table, region: string | undefined): Replica {
  const replica = table.replicas.find((candidate) => candidate.region === region)
  if (replica === undefined)
    throw validationError(
      `Update global table operation failed because one or more replicas were not part of the global table. Please retry the request without these replicas: [${region}].`,
    )
  return replica
}

/** Every replica has a stream: AWS turns one on, with both images, where there is none, and leaves another's view type as it is. */
export function replicatedStream({ settings: { stream } }: Table, { env }: OperationContext): RegisterEdit[] {
  if (stream?.enabled === true) return []
  const value: RegisterValues['settings/stream'] = {
    enabled: true,
    viewType: 'NEW_AND_OLD_IMAGES',
    label: streamLabel(env.clock.wallMs()),
  }
  return [{ register: 'settings/stream', value }]
}
