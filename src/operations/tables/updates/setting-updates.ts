/** UpdateTable: billing mode, throughput, stream, encryption, class, deletion protection. */
import type { UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../../core/errors.ts'
import { overrideRegister, type RegisterValues } from '../../../core/table/registers.ts'
import type { Table, Throughput } from '../../../core/table/table.ts'
import type { RegisterEdit } from '../../../engine/commands/command.ts'
import { checkOnDemand, checkTableThroughput, provisionedFrom, throughputSettings } from '../../checks/throughput.ts'
import type { OperationContext } from '../../operation.ts'
import type { Wire } from '../../sdk-shape.ts'
import { assertClassMayChange, assertEncryptionMayChange, assertProtectionMayChange } from '../cool-downs.ts'
import { assertMayDecrease, throughputChanges } from '../decreases.ts'
import { warmThroughput } from '../description.ts'
import { encryptionFrom, streamFrom } from '../specifications.ts'
import { changesClass, changesProtection, modeBefore } from '../under-way.ts'

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
  if (ProvisionedThroughput === undefined && billingMode === table.settings.billingMode) return []
  const before = table.settings.provisioned
  const after = ProvisionedThroughput === undefined ? undefined : provisionedFrom(ProvisionedThroughput)
  const nowMs = env.clock.wallMs()
  if (table.settings.billingMode === 'PROVISIONED' && after !== undefined && before !== undefined)
    assertDifferent('table', before, after)
  assertMayDecrease(table.settings, after, nowMs)
  return [edit('settings/capacity', capacityAfter(table, billingMode, after, nowMs))]
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
  const toOnDemand = billingMode === 'PAY_PER_REQUEST' && settings.billingMode === 'PROVISIONED'
  const changedMs = toOnDemand ? nowMs : settings.billingModeChangedMs
  return {
    billingMode,
    ...(provisioned === undefined ? {} : { provisioned }),
    ...(changedMs === undefined ? {} : { billingModeChangedMs: changedMs }),
    ...throughputChanges(settings, provisioned, nowMs),
  }
}

/** While the mode changes, AWS looks at the one that the table had before. */
export function checkMaximum(table: Table, { BillingMode, OnDemandThroughput }: Input): void {
  checkOnDemand(BillingMode ?? modeBefore(table), OnDemandThroughput)
}

export function settingUpdates(table: Table, input: Input, context: OperationContext): RegisterEdit[] {
  const { onDemand, warm } = throughputSettings({
    OnDemandThroughput: input.OnDemandThroughput,
    WarmThroughput: input.WarmThroughput,
  })
  return [
    ...(onDemand === undefined ? [] : [edit('settings/on-demand', { ...table.settings.onDemand, ...onDemand })]),
    ...(warm === undefined ? [] : [edit('settings/warm', warmer(table, warm))]),
    ...classUpdate(table, input, context),
    ...deletionProtection(table, input, context),
    ...protectionUpdate(table, input),
    ...streamUpdate(table, input, context),
    ...encryptionUpdate(table, input, context),
    ...settingsReplication(table, input),
  ]
}

/** The class that the table has is none of the changes that are counted, but is refused with them. */
function classUpdate(table: Table, input: Input, context: OperationContext): RegisterEdit[] {
  const isFirst = table.settings.tableClass === undefined
  if (input.TableClass === undefined || (isFirst && !changesClass(table, input))) return []
  assertClassMayChange(table, context)
  return changesClass(table, input) ? [edit('settings/table-class', input.TableClass)] : []
}

function deletionProtection(table: Table, input: Input, context: OperationContext): RegisterEdit[] {
  const asked = input.DeletionProtectionEnabled
  if (asked === undefined) return []
  if (changesProtection(table, input)) assertProtectionMayChange(table, context)
  return [edit('local/deletion-protection', asked)]
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

/** Replication of eventually consistent global tables is built on the stream (developer guide, global tables). */
export function checkReplicaStream({ replicas, strong }: Table, { StreamSpecification: asked }: Input): void {
  if (asked !== undefined && asked.StreamEnabled !== true && replicas.length > 0 && strong === undefined)
    throw validationError(
      'One or more parameter values were invalid: Disabling Stream is not allowed for a Global Table replica.',
    )
}

function streamUpdate({ name, settings, strong }: Table, input: Input, { env }: OperationContext): RegisterEdit[] {
  const asked = input.StreamSpecification
  if (asked === undefined) return []
  const register = strong === undefined ? 'settings/stream' : 'local/stream'
  const enabled = settings.stream?.enabled === true
  if (asked.StreamEnabled === true) {
    if (enabled) throw validationError(`Table already has an enabled stream: TableName: ${name}`)
    if (asked.StreamViewType === undefined)
      throw validationError(
        'One or more parameter values were invalid: If stream is being enabled then UpdateViewType is required',
      )
    const stream = streamFrom(asked, env.clock.wallMs())
    return stream === undefined ? [] : [edit(register, stream)]
  }
  if (asked.StreamViewType !== undefined)
    throw validationError(
      'One or more parameter values were invalid: If stream is being disabled, then UpdateViewType must not be specified',
    )
  if (settings.stream === undefined || !enabled)
    throw validationError(`Table has no stream to disable: TableName: ${name}`)
  return [edit(register, { ...settings.stream, enabled: false })]
}

/** Back to the key that AWS owns, which is described by saying nothing. */
function encryptionUpdate(table: Table, { SSESpecification }: Input, context: OperationContext): RegisterEdit[] {
  if (SSESpecification === undefined) return []
  const { settings } = table
  if (SSESpecification.Enabled === false && settings.encryption === undefined)
    throw validationError('One or more parameter values were invalid: Table is already encrypted by default')
  assertEncryptionMayChange(table, context)
  return keyEdits(table, encryptionFrom(SSESpecification, context.settings), context.settings.region)
}

/** The type of encryption is that of all replicas. Each has a key of its own, which its own region changes. */
type Encryption = RegisterValues['settings/encryption']

function keyEdits(table: Table, value: Encryption | undefined, region: string): RegisterEdit[] {
  const { replicas, settings } = table
  if (replicas.length === 0) return [{ register: 'settings/encryption', value }]
  const keyArn = value?.keyArn
  const sourceArn = keyArn === undefined ? undefined : settings.encryption?.keyArn
  const { type, status } = value ?? {}
  const shared =
    type === undefined || status === undefined
      ? undefined
      : { type, status, ...(sourceArn === undefined ? {} : { keyArn: sourceArn }) }
  const overrides = replicas.flatMap(({ region: of, overrides: before }): RegisterEdit[] => {
    const isOwn = of === region
    if (keyArn !== undefined && !isOwn) return []
    if (keyArn === undefined && before?.keyArn === undefined) return []
    const { keyArn: _, ...rest } = before ?? {}
    return [{ register: overrideRegister(of), value: keyArn === undefined ? rest : { ...rest, keyArn } }]
  })
  return [{ register: 'settings/encryption', value: shared }, ...overrides]
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
