import type { CreateTableInput, CreateTableOutput } from '@aws-sdk/client-dynamodb'
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
import type { KeyAttribute, TableSettings } from '../../core/table/table.ts'
import type { Wait } from '../../core/table/waits.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import { tableNameOf } from '../arns.ts'
import {
  attributesFrom,
  checkAllUsed,
  checkDistinctDefinitions,
  checkTableKeySchema,
  keySchemaFrom,
} from '../checks/key-schema.ts'
import {
  checkGlobalIndexes,
  checkLocalIndexes,
  checkNames,
  checkProjectedAttributes,
  indexRegisterFrom,
} from '../checks/secondary-indexes.ts'
import { checkOnDemand, checkTableThroughput, throughputSettings } from '../checks/throughput.ts'
import { inUse } from '../checks/table-exists.ts'
import { readResourcePolicy } from '../../core/access/resource-policy.ts'
import type { KeptPolicy } from '../../core/table/table.ts'
import { refuseMembers } from '../refused-members.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { assertFewUnderWay } from './cool-downs.ts'
import { describeTable } from './description.ts'
import { checkTags, tagsFrom } from '../tags/tags.ts'
import { oneAtATime, withinTables } from '../../engine/one-at-a-time.ts'
import { encryptionFrom, streamFrom } from './specifications.ts'
import { checkSpecification, withUsableKey } from './encryption-settings.ts'

type Input = Wire<CreateTableInput>
type Output = Wire<CreateTableOutput>

export const createTable = defineControl<Input, Output>({
  name: 'CreateTable',
  table: (input) => input.TableName,
  checks: [refuseMembers('CreateTable'), throughput, keySchema, indexes, stream, specification, tags, policy],
  run: (input, context) => {
    const name = tableNameOf(context.settings, input.TableName ?? '')
    return oneAtATime(context.engine, name, () => create(name, input, context))
  },
})

async function create(name: string, input: Input, context: OperationContext): Promise<Output> {
  const taken = context.engine.tableNamed(name)
  if (taken?.status === 'CREATING') throw inUse(taken)
  if (taken !== undefined) throw new ServiceError('ResourceInUseException', `Table already exists: ${name}`)
  assertFewUnderWay(context)
  const SSESpecification = await withUsableKey(input.SSESpecification, context)
  const given = SSESpecification === undefined ? input : { ...input, SSESpecification }
  const id = context.env.random.uuid()
  const isMade = await withinTables(context.engine, tablesMax, async () => {
    await context.engine.define(id, newTableRegisters(name, given, context))
    return true
  })
  if (isMade !== true)
    throw new ServiceError(
      'LimitExceededException',
      `Subscriber limit exceeded: There is a limit of ${tablesMax} tables per subscriber`,
    )
  const table = context.engine.tableWithId(id)
  if (table === undefined) throw new ServiceError('InternalServerError', 'The table was removed while it was made')
  return { TableDescription: { ...describeTable(table, context), TableStatus: 'CREATING' } }
}

const billingModeOf = (input: Input): TableSettings['billingMode'] => input.BillingMode ?? 'PROVISIONED'

function throughput(input: Input): void {
  checkTableThroughput(billingModeOf(input), input.ProvisionedThroughput)
  checkOnDemand(billingModeOf(input), input.OnDemandThroughput)
}

/** What is wrong with a table that an import is to make. */
export function checkNewTable(input: Input): void {
  throughput(input)
  keySchema(input)
  indexes(input)
}

function keySchema({ KeySchema = [], AttributeDefinitions = [] }: Input): void {
  checkDistinctDefinitions(AttributeDefinitions)
  checkTableKeySchema(KeySchema, AttributeDefinitions)
}

function indexes(input: Input): void {
  const { KeySchema = [], AttributeDefinitions = [], LocalSecondaryIndexes, GlobalSecondaryIndexes } = input
  if (LocalSecondaryIndexes !== undefined) checkLocalIndexes(LocalSecondaryIndexes, KeySchema, AttributeDefinitions)
  if (GlobalSecondaryIndexes !== undefined)
    checkGlobalIndexes(GlobalSecondaryIndexes, billingModeOf(input), AttributeDefinitions)
  const all = [...(LocalSecondaryIndexes ?? []), ...(GlobalSecondaryIndexes ?? [])]
  checkNames(all)
  checkProjectedAttributes(all.map((index) => index.Projection?.NonKeyAttributes?.length ?? 0))
  checkAllUsed(AttributeDefinitions, [KeySchema, ...all.map((index) => index.KeySchema ?? [])])
}

function stream({ StreamSpecification: asked }: Input): void {
  const isTyped = asked?.StreamViewType !== undefined
  const problem = asked?.StreamEnabled === true ? !isTyped && untyped : asked !== undefined && isTyped && typed
  if (problem !== false) throw validationError(`One or more parameter values were invalid: ${problem}`)
}

const untyped = 'Table is being created with a stream enabled, UpdateViewType is required'
const typed = 'Table is being created with a stream disabled, UpdateViewType should not be specified'

function specification({ SSESpecification }: Input): void {
  checkSpecification(SSESpecification)
}

function tags({ Tags }: Input): void {
  if (Tags !== undefined) checkTags(Tags)
}

function policy({ ResourcePolicy: text }: Input): void {
  if (text !== undefined) readResourcePolicy(text, 'table')
}

function policyOf(given: string, nowMs: number): KeptPolicy {
  const { text } = readResourcePolicy(given, 'table')
  return { text, revisionId: String(nowMs), changedMs: nowMs }
}

/** Everything of a new table, also of one that an import makes. */
export function newTableRegisters(name: string, input: Input, context: OperationContext): RegisterEdit[] {
  const nowMs = context.env.clock.wallMs()
  const attributes = attributesFrom(input.AttributeDefinitions ?? [])
  return [
    edit('definition', { name, createdMs: nowMs, key: keySchemaFrom(input.KeySchema ?? [], attributes), attributes }),
    edit('local/status', { status: 'CREATING', sinceMs: nowMs, wait: waitOf(input) }),
    ...settingsOf(input, nowMs, context),
    ...indexRegistersOf(input, attributes, context),
  ]
}

const edit = <Name extends keyof RegisterValues>(register: Name, value: RegisterValues[Name]): RegisterEdit => ({
  register,
  value,
})

const waitOf = ({ GlobalSecondaryIndexes = [] }: Input): Wait =>
  GlobalSecondaryIndexes.length === 0 ? 'table creation' : 'table creation with indexes'

function settingsOf(input: Input, nowMs: number, { settings }: OperationContext): RegisterEdit[] {
  const billingMode = billingModeOf(input)
  const { provisioned, onDemand, warm } = throughputSettings(input)
  const streamValue = streamFrom(input.StreamSpecification, nowMs)
  const encryption = encryptionFrom(input.SSESpecification, settings)
  return [
    edit('settings/capacity', {
      billingMode,
      ...(provisioned === undefined ? {} : { provisioned }),
      ...(billingMode === 'PAY_PER_REQUEST' ? { billingModeChangedMs: nowMs } : {}),
    }),
    ...(onDemand === undefined ? [] : [edit('settings/on-demand', onDemand)]),
    ...(warm === undefined ? [] : [edit('settings/warm', warm)]),
    ...(input.TableClass === undefined ? [] : [edit('settings/table-class', input.TableClass)]),
    ...(streamValue === undefined ? [] : [edit('settings/stream', streamValue)]),
    ...(encryption === undefined ? [] : [edit('settings/encryption', encryption)]),
    ...(input.DeletionProtectionEnabled === true ? [edit('local/deletion-protection', true)] : []),
    ...(input.Tags === undefined ? [] : [edit('local/tags', tagsFrom(input.Tags))]),
    ...(input.ResourcePolicy === undefined
      ? []
      : [edit('local/resource-policy', policyOf(input.ResourcePolicy, nowMs))]),
  ]
}

/** The table is empty, so a local index is there at once; a global one becomes ACTIVE with the table. */
function indexRegistersOf(
  input: Input,
  attributes: readonly KeyAttribute[],
  { env }: OperationContext,
): RegisterEdit[] {
  const made: [string, IndexRegister][] = [
    ...(input.LocalSecondaryIndexes ?? []).map((index): [string, IndexRegister] => [
      index.IndexName ?? '',
      indexRegisterFrom('local', env.random.uuid(), index, attributes),
    ]),
    ...(input.GlobalSecondaryIndexes ?? []).map((index): [string, IndexRegister] => [
      index.IndexName ?? '',
      indexRegisterFrom('global', env.random.uuid(), index, attributes),
    ]),
  ]
  const edits = made.flatMap(([name, shared], at): RegisterEdit[] => {
    const status = shared.kind === 'local' ? 'ACTIVE' : 'CREATING'
    const sinceMs = env.clock.wallMs()
    const local: LocalIndexRegister = { id: shared.id, number: at + 1, status, backfilling: false, sinceMs }
    return [
      { register: indexRegister(name), value: shared },
      { register: localIndexRegister(name), value: local },
    ]
  })
  return made.length === 0 ? [] : [...edits, { register: localIndexCount, value: made.length }]
}
