/**
 * The permissions that a request needs, from what it touches: an action on a resource each. An operation needs its own action on each table,
 * index or stream that it touches; some need others beside (Service Authorization Reference; developer guide, "Using IAM with DynamoDB global
 * tables" and "Required permissions to restore").
 */
import { dynamoDbActions } from '../../core/access/dynamodb-actions.ts'
import { globalTableArn, indexArn, isArn, tableArn } from '../arns.ts'
import type { Touch } from '../touch.ts'

export type Place = { readonly region: string; readonly accountId: string }

export type Permission = {
  /** Without its prefix. */
  readonly action: string
  /** An ARN, or `*`. */
  readonly resource: string
  readonly touch: Touch
  /** The place of the touch among those of the request. */
  readonly at: number
}

type Input = Readonly<Record<string, unknown>>

export function permissionsOf(
  {
    operation,
    input,
    touches,
  }: { readonly operation: string; readonly input: unknown; readonly touches: readonly Touch[] },
  place: Place,
): readonly Permission[] {
  const own = touches.map((touch, at) => ({ action: touch.action, resource: resourceOf(touch, place), touch, at }))
  const also = alsoNeeded[operation]?.(input as Input, place) ?? []
  return also.length === 0 ? own : [...own, ...also.map((each) => ({ ...each, touch: { action: each.action }, at: 0 }))]
}

function resourceOf({ action, table, index, resource }: Touch, place: Place): string {
  if (resource !== undefined) return resource
  const [type] = dynamoDbActions.get(action)?.resources ?? []
  if (table === undefined || type === 'none') return '*'
  if (type === 'global-table') return globalTableArn(place, table)
  if (index !== undefined) return isArn(table) ? `${table}/index/${index}` : indexArn(place, table, index)
  return isArn(table) ? table : tableArn(place, table)
}

type Also = Pick<Permission, 'action' | 'resource'>

const onTable =
  (actions: readonly string[]) =>
  (place: Place, table: unknown): readonly Also[] => {
    const name = typeof table === 'string' ? table : ''
    const resource = isArn(name) ? name : tableArn(place, name)
    return actions.map((action) => ({ action, resource }))
  }

const itemActions = ['BatchWriteItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan', 'UpdateItem']
const restoring = onTable(itemActions)
const joining = onTable(['CreateTable', 'CreateTableReplica', ...itemActions])
const leaving = onTable(['DeleteTable', 'DeleteTableReplica'])

type ReplicaUpdate = {
  readonly Create?: { readonly RegionName?: string }
  readonly Delete?: { readonly RegionName?: string }
}

/** Replicas come and go in other regions, and need the permissions there. */
function ofReplicas({ TableName: table, ReplicaUpdates: updates }: Input, place: Place): readonly Also[] {
  return ((updates ?? []) as readonly ReplicaUpdate[]).flatMap(({ Create: create, Delete: remove }) => {
    const region = (create ?? remove)?.RegionName ?? place.region
    const needed = create === undefined ? (remove === undefined ? undefined : leaving) : joining
    const name = typeof table === 'string' ? table.replace(/^arn:.*table\//, '') : table
    return needed?.({ ...place, region }, name) ?? []
  })
}

const alsoNeeded: Readonly<Record<string, (input: Input, place: Place) => readonly Also[]>> = {
  CreateTable: ({ TableName: table, Tags: tags, ResourcePolicy: policy }, place) => [
    ...(Array.isArray(tags) && tags.length > 0 ? onTable(['TagResource'])(place, table) : []),
    ...(policy === undefined ? [] : onTable(['PutResourcePolicy'])(place, table)),
  ],
  UpdateTable: ofReplicas,
  RestoreTableFromBackup: ({ BackupArn: backup, TargetTableName: table }, place) => [
    { action: 'RestoreTableFromBackup', resource: String(backup) },
    ...restoring(place, table),
  ],
  RestoreTableToPointInTime: ({ TargetTableName: table }, place) => restoring(place, table),
  CreateGlobalTable: ({ GlobalTableName: table }, place) => onTable(['CreateGlobalTable'])(place, table),
  UpdateGlobalTable: ({ GlobalTableName: table }, place) => onTable(['UpdateGlobalTable'])(place, table),
  UpdateGlobalTableSettings: ({ GlobalTableName: table }, place) =>
    onTable(['UpdateGlobalTableSettings'])(place, table),
}
