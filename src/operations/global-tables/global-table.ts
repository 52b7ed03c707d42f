/**
 * The operations of global tables as they were before 2019 (version 2017.11.29), over the same replicas: they find every
 * table that has more than one. What differs from AWS: a region that has no table of the name gets one, and the tables
 * that are joined need no stream and may hold items in the region that is asked.
 */
import type { GlobalTableDescription } from '@aws-sdk/client-dynamodb'
import { ServiceError } from '../../core/errors.ts'
import type { Replica, Table } from '../../core/table/table.ts'
import { globalTableArn } from '../arns.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { replicaDescription, seconds } from '../tables/description.ts'

export function globalTable(name: string | undefined, { engine }: OperationContext): Table {
  const table = engine.tableNamed(name ?? '')
  if (table === undefined || table.replicas.length === 0)
    throw new ServiceError('GlobalTableNotFoundException', `Global table with name: '${name}' does not exist.`)
  return table
}

export function describeGlobalTable(table: Table, { settings }: OperationContext): Wire<GlobalTableDescription> {
  return {
    ReplicationGroup: table.replicas.map((replica) => replicaDescription(table, replica, settings)),
    GlobalTableArn: globalTableArn(settings, table.name),
    CreationDateTime: seconds(table.createdMs),
    GlobalTableStatus: statusOf(table),
    GlobalTableName: table.name,
  }
}

function statusOf({ replicas }: Table): NonNullable<GlobalTableDescription['GlobalTableStatus']> {
  const is = (...statuses: readonly Replica['status'][]) => replicas.some(({ status }) => statuses.includes(status))
  if (is('CREATING'))
    return replicas.some(({ status }) => status === 'ACTIVE') && replicas.length > 2 ? 'UPDATING' : 'CREATING'
  return is('UPDATING', 'DELETING') ? 'UPDATING' : 'ACTIVE'
}
