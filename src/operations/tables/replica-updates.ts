/**
 * UpdateTable: replicas in other regions. What is written here are registers: the region that learns of one with its
 * own name joins, or leaves, by itself, and tells the others through the same register how far it is.
 */
import type { ReplicationGroupUpdate } from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import { validationError } from '../../core/errors.ts'
import { replicaRegister, type ReplicaRegister, type RegisterValues } from '../../core/table/registers.ts'
import type { Table } from '../../core/table/table.ts'
import type { RegisterEdit } from '../../engine/engine.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { streamLabel } from './specifications.ts'
import type { Input } from './update-table.ts'

type Update = Wire<ReplicationGroupUpdate>

const regionOf = (update: Update): string | undefined =>
  (update.Create ?? update.Update ?? update.Delete ?? update.Disassociate)?.RegionName

export function checkReplicaUpdates(input: Input, { settings }: OperationContext): void {
  const { ReplicaUpdates: updates = [] } = input
  if (input.MultiRegionConsistency === 'STRONG' || (input.GlobalTableWitnessUpdates?.length ?? 0) > 0)
    throw validationError('Global tables with multi-Region strong consistency are not supported yet.')
  for (const update of updates) {
    const given = [update.Create, update.Update, update.Delete, update.Disassociate].filter(Boolean)
    if (given.length !== 1)
      throw validationError(
        'One or more parameter values were invalid: Exactly one of Create, Update or Delete must be specified in a ReplicaUpdate',
      )
    const region = regionOf(update) ?? ''
    if (region === settings.region && update.Disassociate === undefined)
      throw validationError(
        'Cannot add, delete, or update the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.',
      )
    // A replica of a region that is gone from the topology can still be given up.
    if (update.Create !== undefined && !settings.regions.includes(region))
      throw validationError(
        `Unknown region: ${region}. The regions of this deployment are ${settings.regions.join(', ')}.`,
      )
  }
  if (new Set(updates.map(regionOf)).size < updates.length)
    throw validationError('One or more parameter values were invalid: Only one replica update per region is allowed')
}

export function replicaUpdates(table: Table, input: Input, context: OperationContext): RegisterEdit[] {
  const updates = input.ReplicaUpdates ?? []
  const edits = updates.flatMap((update) => {
    if (update.Create !== undefined) return creation(table, update.Create.RegionName, context)
    if (update.Delete !== undefined) return deletion(table, update.Delete.RegionName)
    if (update.Disassociate !== undefined) throw validationError('Disassociating a replica is not supported yet.')
    // Overrides of capacity, class and key that a replica may have: accepted where they name a replica, kept by none yet.
    findReplica(table, update.Update?.RegionName)
    return []
  })
  return updates.some((update) => update.Create !== undefined) ? [...edits, ...sharedRegisters(table, context)] : edits
}

function creation(table: Table, regionName: string | undefined, context: OperationContext): RegisterEdit[] {
  const region = required(regionName, 'RegionName')
  if (table.settings.billingMode !== 'PAY_PER_REQUEST')
    throw validationError('Table write capacity should either be Pay-Per-Request or AutoScaled.')
  if (table.replicas.some((replica) => replica.region === region && replica.status !== 'CREATION_FAILED'))
    throw validationError(
      `Failed to create a the new replica of table with name: '${table.name}' because one or more replicas already existed as tables.`,
    )
  const coming: ReplicaRegister = { status: 'CREATING', percentProgress: 0 }
  const here: ReplicaRegister = { status: 'ACTIVE' }
  return [
    { register: replicaRegister(region), value: coming },
    ...(table.replicas.length > 0 ? [] : [{ register: replicaRegister(context.settings.region), value: here }]),
  ]
}

function deletion(table: Table, regionName: string | undefined): RegisterEdit[] {
  const region = findReplica(table, regionName)
  const going: ReplicaRegister = { status: 'DELETING' }
  return [{ register: replicaRegister(region), value: going }]
}

function findReplica(table: Table, region: string | undefined): string {
  const replica = table.replicas.find((candidate) => candidate.region === region)
  if (replica === undefined)
    throw validationError(
      'Replica specified in the Replica Update or Replica Delete action of the request was not found.',
    )
  return replica.region
}

/** Every replica has a stream, with both images: eventually consistent replication is built on it, so AWS turns it on. */
function sharedRegisters({ settings: { stream } }: Table, { env }: OperationContext): RegisterEdit[] {
  if (stream?.enabled === true && stream.viewType === 'NEW_AND_OLD_IMAGES') return []
  const value: RegisterValues['settings/stream'] = {
    enabled: true,
    viewType: 'NEW_AND_OLD_IMAGES',
    label: streamLabel(env.clock.wallMs()),
  }
  return [{ register: 'settings/stream', value }]
}
