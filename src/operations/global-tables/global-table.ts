/**
 * The operations of global tables as they were before 2019 (version 2017.11.29), over the same replicas. AWS refuses them by now, and so does a region unless
 * it is told to serve them. Then they find every table that has more than one replica. What differs from AWS: a region that has no table of the name gets one, and the tables
 * that are joined need no stream and may hold items in the region that is asked.
 */
import type { GlobalTableDescription } from '@aws-sdk/client-dynamodb'
import { ServiceError } from '../../core/errors.ts'
import type { Replica, Table } from '../../core/table/table.ts'
import { globalTableArn } from '../arns.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { replicaDescription, seconds } from '../tables/description.ts'

/** Where the operations of 2017 are not served there is none of their global tables: what AWS answers, also about tables that have replicas. */
export function globalTable(name: string | undefined, context: OperationContext): Table {
  const table = findGlobalTable(name, context)
  if (table === undefined) throw noGlobalTable(`Global table with name: '${name}' does not exist.`)
  return table
}

export function findGlobalTable(name: string | undefined, { engine, settings }: OperationContext): Table | undefined {
  const table = settings.globalTables2017 ? engine.tableNamed(name ?? '') : undefined
  return table === undefined || table.replicas.length === 0 ? undefined : table
}

export function noGlobalTable(message: string): ServiceError {
  return new ServiceError('GlobalTableNotFoundException', message)
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
