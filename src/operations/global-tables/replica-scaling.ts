/** How the capacity of a global table scales, in all of its regions: what every region knows of it by the table's registers. */
import { validationError, ServiceError } from '../../core/errors.ts'
import {
  partKey,
  type ScalableTarget,
  type ScaledPart,
  type ScalingPolicy,
  type ScalingRegister,
  scalingRole,
  usualPolicyName,
} from '../../core/scaling/scalable-target.ts'
import { scaledUnitsMax, utilizationMax, utilizationMin } from '../../core/limits/scaling-limits.ts'
import { scalingRegister } from '../../core/table/registers.ts'
import type { Replica, Table } from '../../core/table/table.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import { tableNameOf } from '../arns.ts'
import type { OperationContext } from '../operation.ts'

export type SettingsUpdate = {
  readonly MinimumUnits?: number | undefined
  readonly MaximumUnits?: number | undefined
  readonly AutoScalingDisabled?: boolean | undefined
  /** Not used: there is no role here. */
  readonly AutoScalingRoleArn?: string | undefined
  readonly ScalingPolicyUpdate?:
    | {
        readonly PolicyName?: string | undefined
        readonly TargetTrackingScalingPolicyConfiguration:
          | {
              readonly TargetValue: number | undefined
              readonly DisableScaleIn?: boolean | undefined
              readonly ScaleInCooldown?: number | undefined
              readonly ScaleOutCooldown?: number | undefined
            }
          | undefined
      }
    | undefined
}

/** A table that has replicas. */
export function scaledGlobalTable(nameOrArn: string | undefined, context: OperationContext): Table {
  const name = tableNameOf(context.settings, nameOrArn ?? '')
  const table = context.engine.tableNamed(name)
  if (table === undefined || table.replicas.length === 0)
    throw new ServiceError('ResourceNotFoundException', `Global table with name: ${name} does not exist.`)
  return table
}

const invalid = (message: string) => validationError(`One or more parameter values were invalid: ${message}`)

/** The target as the update makes it; undefined where it ends scaling. Throws a ServiceError. */
export function updatedTarget(
  before: ScalableTarget | undefined,
  update: SettingsUpdate,
  { table, part, context }: { readonly table: Table; readonly part: ScaledPart; readonly context: OperationContext },
): ScalableTarget | undefined {
  if (update.AutoScalingDisabled === true) return undefined
  const min = update.MinimumUnits ?? before?.min
  const max = update.MaximumUnits ?? before?.max
  if (min === undefined || max === undefined)
    throw invalid('MinimumUnits and MaximumUnits are required where auto scaling is enabled')
  if (min < 1 || max > scaledUnitsMax || max < min)
    throw invalid('MinimumUnits must be at least 1, and MaximumUnits not less than MinimumUnits')
  const { clock, random } = context.env
  const kept = before ?? { id: random.uuid().replaceAll('-', ''), createdMs: clock.wallMs() }
  const policy = updatedPolicy(before?.policy, update, {
    name: usualPolicyName({ ...part, table: table.name }),
    id: random.uuid(),
    createdMs: clock.wallMs(),
  })
  const isOther = before?.min !== min || before.max !== max
  return { ...kept, min, max, ...(policy === undefined ? {} : { policy }), ...(isOther ? { unbounded: '' } : {}) }
}

function updatedPolicy(
  before: ScalingPolicy | undefined,
  { ScalingPolicyUpdate: update }: SettingsUpdate,
  made: Pick<ScalingPolicy, 'name' | 'id' | 'createdMs'>,
): ScalingPolicy | undefined {
  if (update === undefined) return before
  const { TargetValue: target = 0, ...more } = update.TargetTrackingScalingPolicyConfiguration ?? {
    TargetValue: undefined,
  }
  if (!(target >= utilizationMin && target <= utilizationMax))
    throw invalid(`TargetValue must be between ${utilizationMin} and ${utilizationMax}`)
  const { ScaleOutCooldown: out, ScaleInCooldown: ins, DisableScaleIn } = more
  if ((out ?? 0) < 0 || (ins ?? 0) < 0) throw invalid('A cool-down cannot be negative')
  return {
    ...(before === undefined ? made : { name: before.name, id: before.id, createdMs: before.createdMs }),
    ...(update.PolicyName === undefined ? {} : { name: update.PolicyName }),
    target,
    ...(out === undefined ? {} : { outCooldownSeconds: out }),
    ...(ins === undefined ? {} : { inCooldownSeconds: ins }),
    ...(DisableScaleIn === true ? { isInDisabled: true } : {}),
  }
}

/**
 * A new replica scales its writes as this region does. Without auto scaling of writes, a provisioned table has no replicas: the replicated writes
 * would outrun it. Throws what AWS says then.
 */
export function scalingOfNewReplica(table: Table, region: string, context: OperationContext): RegisterEdit[] {
  if (table.settings.billingMode !== 'PROVISIONED') return []
  const { settings, env } = context
  const own = table.scaling?.get(settings.region) ?? {}
  const before = table.scaling?.get(region) ?? {}
  const copies: Record<string, ScalableTarget> = {}
  for (const part of writesOf(table)) {
    const key = partKey(part)
    const target = own[key]
    if (target?.policy === undefined)
      throw validationError(
        `${part.index === undefined ? 'Table' : 'GSI'} write capacity should either be Pay-Per-Request or AutoScaled.`,
      )
    const made = { id: env.random.uuid(), createdMs: env.clock.wallMs() }
    const policy = { ...target.policy, ...made, name: usualPolicyName({ ...part, table: table.name }) }
    copies[key] = { min: target.min, max: target.max, ...made, id: env.random.uuid().replaceAll('-', ''), policy }
  }
  return [{ register: scalingRegister(region), value: { ...copies, ...before } }]
}

const writesOf = ({ indexes }: Table): readonly ScaledPart[] => [
  { direction: 'write' },
  ...indexes.filter(isGlobal).map(({ name }) => ({ direction: 'write' as const, index: name })),
]

const isGlobal = ({ kind, status }: Table['indexes'][number]): boolean => kind === 'global' && status !== 'DELETING'

export function describedScaling(table: Table, { settings }: OperationContext) {
  const role = scalingRole(settings.accountId)
  return {
    TableName: table.name,
    TableStatus: table.status,
    Replicas: table.replicas.map((replica) => describedReplica(table, replica, role)),
  }
}

function describedReplica(table: Table, { region, status }: Replica, role: string) {
  const targets = table.scaling?.get(region) ?? {}
  const told = (part: ScaledPart) => describedTarget(targets, part, role)
  return {
    RegionName: region,
    ReplicaStatus: status,
    ReplicaProvisionedReadCapacityAutoScalingSettings: told({ direction: 'read' }),
    ReplicaProvisionedWriteCapacityAutoScalingSettings: told({ direction: 'write' }),
    GlobalSecondaryIndexes: table.indexes.filter(isGlobal).map((index) => ({
      IndexName: index.name,
      IndexStatus: index.status,
      ProvisionedReadCapacityAutoScalingSettings: told({ direction: 'read', index: index.name }),
      ProvisionedWriteCapacityAutoScalingSettings: told({ direction: 'write', index: index.name }),
    })),
  }
}

function describedTarget(targets: ScalingRegister, part: ScaledPart, role: string) {
  const target = targets[partKey(part)]
  if (target === undefined) return { AutoScalingDisabled: true }
  const { min, max, policy } = target
  const policies = policy === undefined ? [] : [policy]
  return {
    MinimumUnits: min,
    MaximumUnits: max,
    AutoScalingDisabled: false,
    AutoScalingRoleArn: role,
    ScalingPolicies: policies.map((each) => ({
      PolicyName: each.name,
      TargetTrackingScalingPolicyConfiguration: {
        DisableScaleIn: each.isInDisabled ?? false,
        ...(each.inCooldownSeconds === undefined ? {} : { ScaleInCooldown: each.inCooldownSeconds }),
        ...(each.outCooldownSeconds === undefined ? {} : { ScaleOutCooldown: each.outCooldownSeconds }),
        TargetValue: each.target,
      },
    })),
  }
}
