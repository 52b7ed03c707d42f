/**
 * What auto scaling may do to one unit of capacity: of a table or a global index, for reads or for writes, in one region. All targets of a region for
 * a table are one register of the table, `scaling/<region>`, so that every region knows them. A target goes with its table.
 */
import type { Direction } from '../capacity/direction.ts'

/** The part of a table that is scaled. */
export type ScaledPart = { readonly index?: string; readonly direction: Direction }

export type ScalingPolicy = {
  readonly name: string
  readonly id: string
  readonly createdMs: number
  /** In percent of the provisioned capacity. */
  readonly target: number
  readonly outCooldownSeconds?: number
  readonly inCooldownSeconds?: number
  readonly isInDisabled?: boolean
}

/** What a target does not do for now. */
export type Suspended = { readonly in?: boolean; readonly out?: boolean; readonly schedules?: boolean }

export type ScalableTarget = {
  readonly id: string
  readonly min: number
  readonly max: number
  readonly createdMs: number
  readonly suspended?: Suspended
  /** There is one metric to track, and so at most one policy. */
  readonly policy?: ScalingPolicy
  /** Its bounds have changed and were not yet applied, and why: what is outside of them is brought in once. */
  readonly unbounded?: string
}

/** By `partKey`. */
export type ScalingRegister = Readonly<Record<string, ScalableTarget>>

/**
 * The write units that the traffic of a region asks for, by `partKey`, as that region wrote it. Absent: as many as there are. Write capacity is the same in
 * all regions, so it is lowered only as far as every region agrees.
 */
export type DemandRegister = Readonly<Record<string, number>>

/** `read`, or `write/ByDay` of an index. */
export const partKey = ({ index, direction }: ScaledPart): string =>
  index === undefined ? direction : `${direction}/${index}`

/** Throws for what is no key. */
export function partFrom(key: string): ScaledPart {
  const [, direction, index] = /^(read|write)(?:\/(.+))?$/.exec(key) ?? []
  if (direction !== 'read' && direction !== 'write') throw new RangeError(`no part of a table: ${key}`)
  return index === undefined ? { direction } : { direction, index }
}

/** A target with where it is: `table` by name. */
export type Scaled = ScaledPart & { readonly table: string }

/** `table/Orders/index/ByDay` */
export const resourceIdOf = ({ table, index }: Pick<Scaled, 'table' | 'index'>): string =>
  index === undefined ? `table/${table}` : `table/${table}/index/${index}`

/** `dynamodb:index:WriteCapacityUnits` */
export const dimensionOf = ({ index, direction }: ScaledPart): string =>
  `dynamodb:${index === undefined ? 'table' : 'index'}:${direction === 'read' ? 'Read' : 'Write'}CapacityUnits`

/** Undefined where the two are not of one thing that DynamoDB scales. */
export function scaledFrom(resourceId: string, dimension: string): Scaled | undefined {
  const [, table, index] = /^table\/([a-zA-Z0-9_.-]+)(?:\/index\/([a-zA-Z0-9_.-]+))?$/.exec(resourceId) ?? []
  const [, kind, word] = /^dynamodb:(table|index):(Read|Write)CapacityUnits$/.exec(dimension) ?? []
  if (table === undefined || kind === undefined || (index === undefined) !== (kind === 'table')) return undefined
  const direction = word === 'Read' ? 'read' : 'write'
  return index === undefined ? { table, direction } : { table, index, direction }
}

type Place = { readonly region: string; readonly accountId: string }

export const targetArn = ({ region, accountId }: Place, id: string): string =>
  `arn:aws:application-autoscaling:${region}:${accountId}:scalable-target/${id}`

export const policyArn = ({ region, accountId }: Place, scaled: Scaled, { id, name }: ScalingPolicy): string =>
  `arn:aws:autoscaling:${region}:${accountId}:scalingPolicy:${id}:resource/dynamodb/${resourceIdOf(scaled)}:policyName/${name}`

export const isPolicyArn = (arn: string): boolean => /^arn:[^:]+:autoscaling:[^:]*:\d*:scalingPolicy:/.test(arn)

/** What a policy is called where DynamoDB itself makes it. */
export const usualPolicyName = (scaled: Scaled): string =>
  `DynamoDB${scaled.direction === 'read' ? 'Read' : 'Write'}CapacityUtilization:${resourceIdOf(scaled)}`

/** The role that AWS makes for itself. */
export const scalingRole = (accountId: string): string =>
  `arn:aws:iam::${accountId}:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable`
