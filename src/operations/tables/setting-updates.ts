/** UpdateTable: billing mode, throughput, stream, encryption, class, deletion protection. */
import type { UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import type { RegisterValues } from '../../core/table/registers.ts'
import type { Table, Throughput } from '../../core/table/table.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import { checkOnDemand, checkTableThroughput, provisionedFrom, throughputSettings } from '../checks/throughput.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { decreasesAfter } from './decreases.ts'
import { warmThroughput } from './description.ts'
import { encryptionFrom, streamFrom } from './specifications.ts'

type Input = Wire<UpdateTableInput>
type Capacity = RegisterValues['settings/capacity']

const edit = <Name extends keyof RegisterValues>(register: Name, value: RegisterValues[Name]): RegisterEdit => ({
  register,
  value,
})

export function capacityUpdate(table: Table, input: Input, { env }: OperationContext): RegisterEdit[] {
  const { BillingMode, ProvisionedThroughput } = input
  if (BillingMode === undefined && ProvisionedThroughput === undefined) return []
  const billingMode = BillingMode ?? table.settings.billingMode
  checkTableThroughput(billingMode, ProvisionedThroughput)
  const before = table.settings.provisioned
  const after = ProvisionedThroughput === undefined ? undefined : provisionedFrom(ProvisionedThroughput)
  if (table.settings.billingMode === 'PROVISIONED' && after !== undefined && before !== undefined)
    assertDifferent('table', before, after)
  return [edit('settings/capacity', capacityAfter(table, billingMode, after, env.clock.wallMs()))]
}

/** `what` is "table" or "index NAME", as the message has it in several places. */
export function assertDifferent(what: string, before: Throughput, after: Throughput): void {
  if (before.readUnits !== after.readUnits || before.writeUnits !== after.writeUnits) return
  const kind = what.split(' ')[0]
  throw validationError(
    `The provisioned throughput for the ${what} will not change. The requested value equals the current value. ` +
      `Current ReadCapacityUnits provisioned for the ${kind}: ${before.readUnits}. Requested ReadCapacityUnits: ${after.readUnits}. ` +
      `Current WriteCapacityUnits provisioned for the ${kind}: ${before.writeUnits}. Requested WriteCapacityUnits: ${after.writeUnits}. ` +
      'Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.',
  )
}

export function capacityAfter(
  { settings }: Table,
  billingMode: Capacity['billingMode'],
  provisioned: Throughput | undefined,
  nowMs: number,
): Capacity {
  const { billingModeChangedMs, throughputIncreasedMs, throughputDecreasedMs } = settings
  const grows = (unit: keyof Throughput): boolean => (provisioned?.[unit] ?? 0) > (settings.provisioned?.[unit] ?? 0)
  const shrinks = (unit: keyof Throughput): boolean => (provisioned?.[unit] ?? 0) < (settings.provisioned?.[unit] ?? 0)
  const increased = grows('readUnits') || grows('writeUnits') ? nowMs : throughputIncreasedMs
  const decreased = shrinks('readUnits') || shrinks('writeUnits') ? nowMs : throughputDecreasedMs
  const toOnDemand = billingMode === 'PAY_PER_REQUEST' && settings.billingMode === 'PROVISIONED'
  const changedMs = toOnDemand ? nowMs : billingModeChangedMs
  return {
    billingMode,
    ...(provisioned === undefined ? {} : { provisioned }),
    ...(changedMs === undefined ? {} : { billingModeChangedMs: changedMs }),
    ...(increased === undefined ? {} : { throughputIncreasedMs: increased }),
    ...(decreased === undefined ? {} : { throughputDecreasedMs: decreased }),
    ...decreasesAfter(settings, provisioned, nowMs),
  }
}

export function settingUpdates(table: Table, input: Input, context: OperationContext): RegisterEdit[] {
  checkOnDemand(input.BillingMode ?? table.settings.billingMode, input.OnDemandThroughput)
  const { onDemand, warm } = throughputSettings({
    OnDemandThroughput: input.OnDemandThroughput,
    WarmThroughput: input.WarmThroughput,
  })
  return [
    ...(onDemand === undefined ? [] : [edit('settings/on-demand', { ...table.settings.onDemand, ...onDemand })]),
    ...(warm === undefined ? [] : [edit('settings/warm', warmer(table, warm))]),
    ...(input.TableClass === undefined ? [] : [edit('settings/table-class', input.TableClass)]),
    ...(input.DeletionProtectionEnabled === undefined
      ? []
      : [edit('local/deletion-protection', input.DeletionProtectionEnabled)]),
    ...protectionUpdate(table, input),
    ...streamUpdate(table, input, context),
    ...encryptionUpdate(table, input, context),
    ...settingsReplication(table, input),
  ]
}

function warmer({ settings }: Table, asked: Throughput): Throughput {
  const now = warmThroughput(settings, settings.billingMode)
  const units = [
    ['ReadUnitsPerSecond', asked.readUnits, now.readUnits],
    ['WriteUnitsPerSecond', asked.writeUnits, now.writeUnits],
  ] as const
  for (const [name, wanted, current] of units)
    if (wanted < current)
      throw validationError(
        `One or more parameter values were invalid: Requested ${name} for WarmThroughput for table is lower than current WarmThroughput, decreasing WarmThroughput is not supported`,
      )
  return asked
}

function protectionUpdate({ replicas }: Table, { DisassociationProtectionEnabled: asked }: Input): RegisterEdit[] {
  if (asked === undefined) return []
  if (replicas.length === 0)
    throw validationError(
      'One or more parameter values were invalid: DisassociationProtectionEnabled can only be specified for a replica of a global table',
    )
  return [edit('local/disassociation-protection', asked)]
}

function streamUpdate({ name, settings, replicas }: Table, input: Input, { env }: OperationContext): RegisterEdit[] {
  const asked = input.StreamSpecification
  if (asked === undefined) return []
  const enabled = settings.stream?.enabled === true
  if (asked.StreamEnabled === true) {
    if (enabled) throw validationError(`Table already has an enabled stream: TableName: ${name}`)
    if (asked.StreamViewType === undefined)
      throw validationError(
        'One or more parameter values were invalid: If stream is being enabled then UpdateViewType is required',
      )
    const stream = streamFrom(asked, env.clock.wallMs())
    return stream === undefined ? [] : [edit('settings/stream', stream)]
  }
  if (settings.stream === undefined || !enabled)
    throw validationError(`Table has no stream to disable: TableName: ${name}`)
  // Replication of eventually consistent global tables is built on it (developer guide, global tables).
  if (replicas.length > 0)
    throw validationError(
      'One or more parameter values were invalid: Disabling Stream is not allowed for a Global Table replica.',
    )
  return [edit('settings/stream', { ...settings.stream, enabled: false })]
}

/** Back to the key that AWS owns, which is described by saying nothing. */
function encryptionUpdate({ settings }: Table, { SSESpecification }: Input, context: OperationContext): RegisterEdit[] {
  if (SSESpecification === undefined) return []
  if (SSESpecification.Enabled === false && settings.encryption === undefined)
    throw validationError('One or more parameter values were invalid: Table is already encrypted by default')
  return [{ register: 'settings/encryption', value: encryptionFrom(SSESpecification, context.settings) }]
}

/** Of a table of one region it is kept and described. Replicas in one account have ENABLED_WITH_OVERRIDES, and nothing else. */
function settingsReplication({ replicas }: Table, { GlobalTableSettingsReplicationMode: mode }: Input): RegisterEdit[] {
  if (mode === undefined) return []
  if (replicas.length === 0) {
    if (mode !== 'ENABLED_WITH_OVERRIDES') return [edit('local/settings-replication', mode)]
    throw validationError(
      `Value '${mode}' at 'GlobalTableSettingsReplicationMode' failed to satisfy constraint: Only ENABLED and DISABLED settings replication are supported for a Regional Table.`,
    )
  }
  if (mode === 'ENABLED_WITH_OVERRIDES') return []
  throw validationError(
    `GlobalTableSettingsReplicationMode ${mode} is for global tables over several accounts, which this version of Longitude does not support`,
  )
}
