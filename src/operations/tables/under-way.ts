/** What UpdateTable asks for, and what that leaves under way: the state that the table passes through beside the change itself. */
import type { UpdateTableInput } from '@aws-sdk/client-dynamodb'
import type { RegisterValues } from '../../core/table/registers.ts'
import type { Changes, Table } from '../../core/table/table.ts'
import type { Wait } from '../../core/table/waits.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import type { ChangeKind } from './change-admission.ts'
import { noteOfChanges, noteOfOwnChange } from './cool-downs.ts'
import { isBirth } from './updates/strong-updates.ts'

type Input = Wire<UpdateTableInput>

/** A mode that the table has already is no change of it, unless a change to it is under way. */
function changesMode({ settings, underWay }: Table, { BillingMode: mode }: Input): boolean {
  if (mode === undefined) return false
  return mode !== settings.billingMode || (mode === 'PAY_PER_REQUEST' && isSwitchToOnDemand(underWay?.wait))
}

const isSwitchToOnDemand = (wait: Wait | undefined): boolean =>
  wait === 'switch to on-demand' || wait === 'first switch to on-demand'

/** The mode that counts until a switch has ended. */
export function modeBefore({ settings, status, underWay }: Table): Table['settings']['billingMode'] {
  if (status !== 'UPDATING') return settings.billingMode
  if (isSwitchToOnDemand(underWay?.wait)) return 'PROVISIONED'
  return underWay?.wait === 'switch to provisioned' ? 'PAY_PER_REQUEST' : settings.billingMode
}

/** AWS answers a call that takes a switch to provisioned capacity back, and drops it. */
export function isDropped({ status, underWay }: Table, { BillingMode: mode, ProvisionedThroughput }: Input): boolean {
  const switches = status === 'UPDATING' && underWay?.wait === 'switch to provisioned'
  return switches && mode === 'PAY_PER_REQUEST' && ProvisionedThroughput === undefined
}

export function kindsOf(table: Table, input: Input): readonly ChangeKind[] {
  const { GlobalSecondaryIndexUpdates: indexes = [], ReplicaUpdates: replicas = [] } = input
  const asked: readonly (readonly [ChangeKind, boolean])[] = [
    ['throughput', input.ProvisionedThroughput !== undefined],
    ['billing mode', changesMode(table, input)],
    ['on-demand maximum', input.OnDemandThroughput !== undefined],
    ['warm throughput', input.WarmThroughput !== undefined],
    ['stream', input.StreamSpecification !== undefined],
    ['encryption', input.SSESpecification !== undefined],
    ['class', input.TableClass !== undefined],
    ['protection', input.DeletionProtectionEnabled !== undefined],
    ['index creation', indexes.some(({ Create }) => Create !== undefined)],
    ['index deletion', indexes.some(({ Delete }) => Delete !== undefined)],
    ['index update', indexes.some(({ Update }) => Update !== undefined)],
    ['replica', replicas.length > 0],
  ]
  return asked.flatMap(([kind, isAsked]) => (isAsked ? [kind] : []))
}

/** What lasts after the change; undefined when the table stays ACTIVE. */
function waitOf(table: Table, input: Input): Wait | undefined {
  const kinds = new Set(kindsOf(table, input))
  const isMember = table.replicas.length > 0
  if (kinds.has('replica')) return isBirth(input) ? birthWait(input) : replicaWait(input)
  if (kinds.has('billing mode')) return switchWait(table, input)
  if (kinds.has('throughput')) return 'throughput change'
  if (kinds.has('index creation')) return 'index allocation'
  if (kinds.has('index deletion')) return 'index deletion'
  if (kinds.has('stream')) return 'stream change'
  if (kinds.has('class') && changesClass(table, input)) return isMember ? 'replica change' : 'class change'
  if (!kinds.has('protection') || !isMember) return undefined
  return table.strong === undefined ? 'replica change' : 'strong protection change'
}

const birthWait = ({ GlobalTableWitnessUpdates: witnesses = [] }: Input): Wait =>
  witnesses.length > 0 ? 'strong creation with witness' : 'strong creation'

function replicaWait({ ReplicaUpdates: updates = [] }: Input): Wait {
  if (updates.some(({ Create }) => Create !== undefined)) return 'replica creation'
  return updates.some(({ Update }) => Update !== undefined) ? 'replica change' : 'replica removal'
}

function switchWait({ settings }: Table, { BillingMode: mode }: Input): Wait {
  if (mode === 'PROVISIONED') return 'switch to provisioned'
  return settings.billingModeChangedMs === undefined ? 'first switch to on-demand' : 'switch to on-demand'
}

export const changesClass = ({ settings }: Table, { TableClass: asked }: Input): boolean =>
  asked !== undefined && asked !== (settings.tableClass ?? 'STANDARD')

/** The state that the table passes through, and the notes of when its settings were changed. */
export function underWayEdits(table: Table, input: Input, { env }: OperationContext): RegisterEdit[] {
  const nowMs = env.clock.wallMs()
  const wait = waitOf(table, input)
  return [
    ...(wait === undefined ? [] : [statusOf(table, input, { wait, nowMs })]),
    ...noteOfChanges(table, notedChanges(table, input), nowMs),
    ...(changesProtection(table, input) ? [noteOfOwnChange(table, { protection: nowMs })] : []),
  ]
}

export const changesProtection = ({ settings }: Table, { DeletionProtectionEnabled: asked }: Input): boolean =>
  asked !== undefined && asked !== settings.deletionProtection

function notedChanges(table: Table, input: Input): readonly (keyof Changes)[] {
  return [
    ...(changesClass(table, input) ? (['tableClass'] as const) : []),
    ...(input.SSESpecification === undefined ? [] : (['encryption'] as const)),
    ...(input.WarmThroughput === undefined ? [] : (['warm'] as const)),
  ]
}

type Began = { readonly wait: Wait; readonly nowMs: number }

/** A change of provisioned throughput shows once the table is ACTIVE. */
function statusOf({ settings }: Table, input: Input, { wait, nowMs }: Began): RegisterEdit {
  const staysProvisioned = settings.billingMode === 'PROVISIONED' && input.BillingMode !== 'PAY_PER_REQUEST'
  const before = staysProvisioned && input.ProvisionedThroughput !== undefined ? settings.provisioned : undefined
  const value: RegisterValues['local/status'] = {
    status: 'UPDATING',
    sinceMs: nowMs,
    wait,
    ...(before === undefined ? {} : { before }),
  }
  return { register: 'local/status', value }
}
