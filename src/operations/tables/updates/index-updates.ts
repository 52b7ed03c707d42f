/** UpdateTable: global secondary indexes made, changed and removed on a table in use. The caretaker fills and empties them. */
import type { GlobalSecondaryIndexUpdate, UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { required } from '../../../core/assert.ts'
import { ServiceError, validationError } from '../../../core/errors.ts'
import { globalSecondaryIndexesMax } from '../../../core/limits/limits.ts'
import {
  indexRegister,
  type IndexRegister,
  localIndexRegister,
  type LocalIndexRegister,
} from '../../../core/table/registers.ts'
import type { Index, KeyAttribute, Table } from '../../../core/table/table.ts'
import type { RegisterEdit } from '../../../engine/commands/command.ts'
import { attributesFrom, checkDistinctDefinitions } from '../../checks/key-schema.ts'
import { checkGlobalIndex, checkProjectedAttributes, indexRegisterFrom } from '../../checks/secondary-indexes.ts'
import { stillInUse } from '../../checks/table-exists.ts'
import { checkBounds, checkIndexThroughput, throughputSettings } from '../../checks/throughput.ts'
import type { OperationContext } from '../../operation.ts'
import type { Wire } from '../../sdk-shape.ts'
import { assertMayDecrease, throughputChanges } from '../decreases.ts'
import { assertDifferent } from './setting-updates.ts'

type Input = Wire<UpdateTableInput>
type Update = Wire<GlobalSecondaryIndexUpdate>

const invalid = (message: string) => validationError(`One or more parameter values were invalid: ${message}`)
const actionOf = (update: Update) => update.Create ?? update.Update ?? update.Delete

export function checkIndexUpdates({ GlobalSecondaryIndexUpdates: updates = [], AttributeDefinitions }: Input): void {
  if (AttributeDefinitions !== undefined) checkDistinctDefinitions(AttributeDefinitions)
  const seen = new Set<string | undefined>()
  for (const update of updates) {
    const given = [update.Create, update.Update, update.Delete].filter((action) => action !== undefined)
    if (given.length === 0)
      throw invalid(
        'One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null',
      )
    if (given.length > 1)
      throw invalid(
        'Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete may be specified',
      )
    const name = actionOf(update)?.IndexName
    const throughput = (update.Create ?? update.Update)?.ProvisionedThroughput
    if (throughput !== undefined) checkBounds(throughput, ` for index ${name}`)
    if (seen.has(name))
      throw invalid(`Only one global secondary index update per index is allowed simultaneously. Index: ${name}`)
    seen.add(name)
  }
}

export function indexUpdates(table: Table, input: Input, context: OperationContext): RegisterEdit[] {
  const updates = input.GlobalSecondaryIndexUpdates ?? []
  for (const update of updates) assertIndexAdmitted(table, update)
  assertOneAtATime(table, updates)
  const billingMode = input.BillingMode ?? table.settings.billingMode
  assertAllProvisioned(table, input)
  const edits = updates.flatMap((update) => {
    if (update.Create !== undefined) return [creation(table, input, update.Create, context)]
    if (update.Delete !== undefined) return [deletion(table, update.Delete.IndexName)]
    if (update.Update === undefined) return []
    const index = globalIndex(table, update.Update.IndexName)
    checkCapacity(billingMode, index.name, update.Update)
    return change(index, update.Update, context.env.clock.wallMs())
  })
  // First, so that no region sees an overruled index count again in between.
  return updates.some(({ Create, Delete }) => (Create ?? Delete) !== undefined)
    ? [...endOverruled(table), ...edits]
    : edits
}

/** An overruled index is given up for good with the next change of the indexes: it must not come back by surprise. */
function endOverruled({ overruledIndexes }: Table): RegisterEdit[] {
  return [...(overruledIndexes ?? [])].map(([name, value]) => ({
    register: indexRegister(name),
    value: { ...value, deleted: true },
  }))
}

/** What an index itself refuses while something of it is under way. */
function assertIndexAdmitted(table: Table, update: Update): void {
  const name = actionOf(update)?.IndexName
  const index = table.indexes.find((candidate) => candidate.kind === 'global' && candidate.name === name)
  if (index === undefined || index.status === 'ACTIVE') return
  const where = `Table: ${table.name} Index: ${index.name}`
  const says = (text: string): ServiceError => stillInUse(table, text)
  if (index.status === 'DELETING') throw says(`Index is being deleted. ${where}`)
  if (index.status === 'UPDATING' && update.Update !== undefined) throw says(`Index is being updated. ${where}`)
  if (index.status !== 'CREATING' || index.backfilling) return
  if (update.Delete !== undefined)
    throw says(
      `Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. ${where}`,
    )
  if (update.Update !== undefined) throw says(`Index is being created but is not backfilling yet. ${where}`)
}

function assertOneAtATime(table: Table, updates: readonly Update[]): void {
  const [asked, more] = updates.filter((update) => update.Update === undefined)
  // One that is being filled may be given up.
  const isOther = ({ status, name }: Index): boolean =>
    status === 'DELETING' || (status === 'CREATING' && name !== asked?.Delete?.IndexName)
  if (more !== undefined || (asked !== undefined && table.indexes.some(isOther)))
    throw new ServiceError(
      'LimitExceededException',
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    )
}

function checkCapacity(
  billingMode: Table['settings']['billingMode'],
  name: string,
  { ProvisionedThroughput: asked }: NonNullable<Update['Update']>,
): void {
  if (asked !== undefined && billingMode === 'PAY_PER_REQUEST')
    throw invalid(
      `Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
    )
  if (asked !== undefined) checkIndexThroughput(billingMode, name, asked)
}

/** Turning to provisioned capacity needs a throughput for every index, in the same request. */
function assertAllProvisioned(table: Table, input: Input): void {
  if (input.BillingMode !== 'PROVISIONED' || table.settings.billingMode === 'PROVISIONED') return
  for (const index of table.indexes.filter((candidate) => candidate.kind === 'global')) {
    const update = input.GlobalSecondaryIndexUpdates?.find((candidate) => candidate.Update?.IndexName === index.name)
    checkIndexThroughput('PROVISIONED', index.name, update?.Update?.ProvisionedThroughput)
  }
}

function creation(
  table: Table,
  input: Input,
  asked: NonNullable<Update['Create']>,
  { env }: OperationContext,
): RegisterEdit {
  const definitions = input.AttributeDefinitions ?? []
  checkGlobalIndex(asked, input.BillingMode ?? table.settings.billingMode, definitions)
  const name = required(asked.IndexName, 'IndexName')
  if (table.indexes.some((index) => index.name === name))
    throw validationError('Attempting to create an index which already exists')
  const globals = table.indexes.filter((index) => index.kind === 'global')
  if (globals.length >= globalSecondaryIndexesMax)
    throw new ServiceError(
      'LimitExceededException',
      `Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of ${globalSecondaryIndexesMax}`,
    )
  checkProjectedAttributes([
    asked.Projection?.NonKeyAttributes?.length ?? 0,
    ...table.indexes.map(({ projection }) => (projection.type === 'INCLUDE' ? projection.attributes.length : 0)),
  ])
  const attributes = attributesFrom(definitions)
  assertSameTypes(table, attributes)
  const made = indexRegisterFrom('global', env.random.uuid(), asked, attributes)
  const latestMs = Math.max(0, ...table.indexes.map(({ madeMs }) => madeMs ?? 0))
  const value: IndexRegister = { ...made, madeMs: Math.max(env.clock.wallMs(), latestMs + 1) }
  return { register: indexRegister(name), value }
}

/** An attribute that is a key already has its type; another one for the same name would make two truths. */
function assertSameTypes(table: Table, attributes: readonly KeyAttribute[]): void {
  for (const { name, type } of attributes) {
    const known = table.attributes.find((attribute) => attribute.name === name)
    if (known !== undefined && known.type !== type)
      throw invalid(
        `Attribute ${name} is already defined with type ${known.type}, which differs from the requested type ${type}`,
      )
  }
}

function deletion(table: Table, name: string | undefined): RegisterEdit {
  const index = globalIndex(table, name)
  return { register: indexRegister(index.name), value: { ...shared(index), deleted: true } }
}

/** The index alone is UPDATING meanwhile, not the table. One that is not ACTIVE stays in the state that it has. */
function change(index: Index, asked: NonNullable<Update['Update']>, nowMs: number): RegisterEdit[] {
  const { id, number, name, status, settings: before } = index
  const settings = throughputSettings(asked)
  if (settings.provisioned !== undefined && before.provisioned !== undefined)
    assertDifferent(`index ${name}`, before.provisioned, settings.provisioned)
  assertMayDecrease(before, settings.provisioned, nowMs)
  const after = { ...before, ...settings, ...throughputChanges(before, settings.provisioned, nowMs) }
  const shown = settings.provisioned === undefined ? undefined : before.provisioned
  const local: LocalIndexRegister = {
    id,
    number,
    status: 'UPDATING',
    backfilling: false,
    sinceMs: nowMs,
    ...(shown === undefined ? {} : { before: shown }),
  }
  return [
    { register: indexRegister(name), value: { ...shared(index), settings: after } },
    ...(status === 'ACTIVE' ? [{ register: localIndexRegister(name), value: local }] : []),
  ]
}

function globalIndex(table: Table, name: string | undefined): Index {
  const index = table.indexes.find((candidate) => candidate.kind === 'global' && candidate.name === name)
  if (index === undefined || index.status === 'DELETING')
    throw new ServiceError('ResourceNotFoundException', 'Requested resource not found')
  return index
}

export const shared = ({ id, kind, key, projection, settings, madeMs }: Index): IndexRegister => ({
  id,
  kind,
  key,
  projection,
  settings,
  ...(madeMs === undefined ? {} : { madeMs }),
})
