/**
 * A table as a restore makes it: keys, items, indexes, capacity and encryption of the source, with what the request says otherwise. Stream, time to live,
 * tags, protection, class, point-in-time recovery and replicas are not restored, as on AWS.
 */
import type { RestoreTableFromBackupInput } from '@aws-sdk/client-dynamodb'
import type { SavedIndex, SavedTable } from '../../core/archive/backup.ts'
import { restoresMax } from '../../core/limits/archive-limits.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { tablesMax } from '../../core/limits/limits.ts'
import {
  indexRegister,
  type IndexRegister,
  localIndexCount,
  localIndexRegister,
  type LocalIndexRegister,
  type RegisterValues,
} from '../../core/table/registers.ts'
import type { IndexSettings, RestoreSource, Table } from '../../core/table/table.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import { oneAtATime, withinTables } from '../../engine/one-at-a-time.ts'
import { checkGlobalIndexes, checkLocalIndexes, checkNames, indexRegisterFrom } from '../checks/secondary-indexes.ts'
import { checkOnDemand, checkTableThroughput, throughputSettings } from '../checks/throughput.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { assertFewUnderWay } from '../tables/cool-downs.ts'
import { describeTable, keySchemaElements } from '../tables/description.ts'
import { encryptionFrom } from '../tables/specifications.ts'
import { checkSpecification, withUsableKey } from '../tables/encryption-settings.ts'
import { tablesRestoring } from './restoring.ts'

export type Overrides = Pick<
  Wire<RestoreTableFromBackupInput>,
  | 'BillingModeOverride'
  | 'GlobalSecondaryIndexOverride'
  | 'LocalSecondaryIndexOverride'
  | 'ProvisionedThroughputOverride'
  | 'OnDemandThroughputOverride'
  | 'SSESpecificationOverride'
>

export type Restoring = {
  readonly target: string
  readonly saved: SavedTable
  readonly source: RestoreSource
  readonly overrides: Overrides
}

/** Looks at the target, and makes it; the reader of restores fills it. */
export function restoreTable(restoring: Restoring, context: OperationContext, check: () => void = () => {}) {
  const { overrides } = restoring
  checkSpecification(overrides.SSESpecificationOverride)
  return oneAtATime(context.engine, restoring.target, async () => {
    assertFree(restoring.target, context)
    check()
    if (tablesRestoring(context).length >= restoresMax)
      throw new ServiceError(
        'LimitExceededException',
        `Subscriber limit exceeded: Only ${restoresMax} restore operations can be done simultaneously`,
      )
    assertFewUnderWay(context)
    const SSESpecificationOverride = await withUsableKey(overrides.SSESpecificationOverride, context)
    const asked = SSESpecificationOverride === undefined ? overrides : { ...overrides, SSESpecificationOverride }
    const edits = registersOf({ ...restoring, overrides: asked }, context)
    const id = context.env.random.uuid()
    const isMade = await withinTables(context.engine, tablesMax, async () => {
      await context.engine.define(id, edits)
      return true
    })
    const table = context.engine.tableWithId(id)
    if (isMade !== true || table === undefined)
      throw new ServiceError(
        'LimitExceededException',
        `Subscriber limit exceeded: There is a limit of ${tablesMax} tables per subscriber`,
      )
    return {
      TableDescription: {
        ...describeTable(restoringOf(table, restoring.source), context),
        TableStatus: 'CREATING' as const,
      },
    }
  })
}

/** An empty one may be complete already. */
const restoringOf = (table: Table, source: RestoreSource): Table => ({ ...table, status: 'CREATING', restore: source })

function assertFree(name: string, { engine }: OperationContext): void {
  const taken = engine.tableNamed(name)
  if (taken === undefined) return
  if (taken.restore !== undefined && taken.restore.importOf === undefined)
    throw new ServiceError('TableInUseException', `Table is being restored: ${name}`)
  throw new ServiceError('TableAlreadyExistsException', `Table already exists: ${name}`)
}

function registersOf(restoring: Restoring, context: OperationContext): readonly RegisterEdit[] {
  const { target, saved, source, overrides } = restoring
  const nowMs = context.env.clock.wallMs()
  const indexes = indexesOf(saved, overrides)
  const global = indexes.some(({ kind }) => kind === 'global')
  const status: RegisterValues['local/status'] = {
    status: 'CREATING',
    sinceMs: nowMs,
    wait: global ? 'table creation with indexes' : 'table creation',
  }
  const definition: RegisterValues['definition'] = {
    name: target,
    createdMs: nowMs,
    key: saved.key,
    attributes: saved.attributes,
  }
  return [
    { register: 'definition', value: definition },
    { register: 'local/status', value: status },
    { register: 'local/restore', value: source },
    ...settingsOf(saved, overrides, context),
    ...indexEdits(indexes, context),
  ]
}

function settingsOf(saved: SavedTable, overrides: Overrides, context: OperationContext): readonly RegisterEdit[] {
  const billingMode = overrides.BillingModeOverride ?? saved.settings.billingMode
  const given = throughputSettings({
    ProvisionedThroughput: overrides.ProvisionedThroughputOverride,
    OnDemandThroughput: overrides.OnDemandThroughputOverride,
  })
  const provisioned = given.provisioned ?? saved.settings.provisioned
  checkCapacity(billingMode, overrides, provisioned)
  const onDemand = billingMode === 'PAY_PER_REQUEST' ? (given.onDemand ?? saved.settings.onDemand) : undefined
  const capacity: RegisterValues['settings/capacity'] = {
    billingMode,
    ...(billingMode === 'PROVISIONED' && provisioned !== undefined ? { provisioned } : {}),
    ...(billingMode === 'PAY_PER_REQUEST' ? { billingModeChangedMs: context.env.clock.wallMs() } : {}),
  }
  const asked = overrides.SSESpecificationOverride
  const encryption = asked === undefined ? saved.settings.encryption : encryptionFrom(asked, context.settings)
  return [
    { register: 'settings/capacity', value: capacity },
    ...(onDemand === undefined ? [] : [{ register: 'settings/on-demand', value: onDemand }]),
    ...(encryption === undefined ? [] : [{ register: 'settings/encryption', value: encryption }]),
  ]
}

function checkCapacity(
  billingMode: 'PROVISIONED' | 'PAY_PER_REQUEST',
  overrides: Overrides,
  provisioned: IndexSettings['provisioned'],
): void {
  const units = provisioned && { ReadCapacityUnits: provisioned.readUnits, WriteCapacityUnits: provisioned.writeUnits }
  const given = overrides.ProvisionedThroughputOverride
  checkTableThroughput(billingMode, billingMode === 'PROVISIONED' ? (given ?? units) : given)
  checkOnDemand(billingMode, overrides.OnDemandThroughputOverride)
}

/** Those of the source where the request names none; an empty list leaves all out. */
function indexesOf(saved: SavedTable, overrides: Overrides): readonly SavedIndex[] {
  const billingMode = overrides.BillingModeOverride ?? saved.settings.billingMode
  const { GlobalSecondaryIndexOverride: globals, LocalSecondaryIndexOverride: locals } = overrides
  const definitions = saved.attributes.map(({ name, type }) => ({ AttributeName: name, AttributeType: type }))
  const made = (kind: 'local' | 'global', given: NonNullable<typeof globals> | NonNullable<typeof locals>) =>
    given.map((index): SavedIndex => {
      const { key, projection, settings } = indexRegisterFrom(kind, '', index, saved.attributes)
      return { name: index.IndexName ?? '', kind, key, projection, settings }
    })
  if (globals !== undefined) assertOfSource(globals, 'global', saved)
  if (locals !== undefined) assertOfSource(locals, 'local', saved)
  if (globals !== undefined && globals.length > 0) checkGlobalIndexes(globals, billingMode, definitions)
  if (locals !== undefined && locals.length > 0) checkLocalIndexes(locals, keySchemaElements(saved.key), definitions)
  const kept = (kind: 'local' | 'global'): readonly SavedIndex[] =>
    saved.indexes
      .filter((index) => index.kind === kind)
      .map((index) => ({ ...index, settings: capacityOf(index.settings, billingMode) }))
  const all = [
    ...(locals === undefined ? kept('local') : made('local', locals)),
    ...(globals === undefined ? kept('global') : made('global', globals)),
  ]
  checkNames(all.map(({ name }) => ({ IndexName: name })))
  return all
}

/** A mode that the table has not any more takes its units along. */
function capacityOf(
  { provisioned, onDemand }: SavedIndex['settings'],
  billingMode: 'PROVISIONED' | 'PAY_PER_REQUEST',
): SavedIndex['settings'] {
  if (billingMode === 'PROVISIONED') return provisioned === undefined ? {} : { provisioned }
  return onDemand === undefined ? {} : { onDemand }
}

type GivenIndexes =
  | NonNullable<Overrides['GlobalSecondaryIndexOverride']>
  | NonNullable<Overrides['LocalSecondaryIndexOverride']>

/** By its key and projection: an index may get another name. */
function assertOfSource(given: GivenIndexes, kind: 'local' | 'global', { indexes }: SavedTable): void {
  for (const { IndexName, KeySchema = [], Projection = {} } of given) {
    const isOfSource = indexes.some(
      (index) =>
        index.kind === kind &&
        namesOf(keySchemaElements(index.key)) === namesOf(KeySchema) &&
        index.projection.type === Projection.ProjectionType &&
        projected(index.projection) === [...(Projection.NonKeyAttributes ?? [])].toSorted().join(),
    )
    if (!isOfSource)
      throw validationError(
        `Invalid Request: Index ${IndexName} does not match a secondary index that existed in the source table and cannot be created during the restore operation`,
      )
  }
}

const projected = (projection: SavedIndex['projection']): string =>
  projection.type === 'INCLUDE' ? projection.attributes.toSorted().join() : ''

type Elements = readonly { readonly AttributeName?: string | undefined; readonly KeyType?: string | undefined }[]

const namesOf = (elements: Elements): string =>
  elements.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join()

function indexEdits(indexes: readonly SavedIndex[], { env }: OperationContext): readonly RegisterEdit[] {
  const sinceMs = env.clock.wallMs()
  const edits = indexes.flatMap(({ name, kind, key, projection, settings }, at): RegisterEdit[] => {
    const shared: IndexRegister = { id: env.random.uuid(), kind, key, projection, settings }
    const status = kind === 'local' ? 'ACTIVE' : 'CREATING'
    const local: LocalIndexRegister = { id: shared.id, number: at + 1, status, backfilling: false, sinceMs }
    return [
      { register: indexRegister(name), value: shared },
      { register: localIndexRegister(name), value: local },
    ]
  })
  return indexes.length === 0 ? [] : [...edits, { register: localIndexCount, value: indexes.length }]
}
