import type { CreateGlobalTableInput, CreateGlobalTableOutput } from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { assertActive } from '../checks/table-exists.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { assertKnownRegion, newReplica, replicatedStream } from '../tables/updates/replica-updates.ts'
import { describeGlobalTable } from './global-table.ts'

type Input = Wire<CreateGlobalTableInput>
type Output = Wire<CreateGlobalTableOutput>

export const createGlobalTable = defineControl<Input, Output>({
  name: 'CreateGlobalTable',
  table: (input) => input.GlobalTableName,
  checks: [offered, replicationGroup],
  run: (input, context) => oneAtATime(context.engine, input.GlobalTableName ?? '', () => create(input, context)),
})

const regionsOf = ({ ReplicationGroup = [] }: Input): string[] =>
  ReplicationGroup.map(({ RegionName }) => RegionName ?? '')

function offered(_input: Input, { settings }: OperationContext): void {
  if (!settings.globalTables2017)
    throw validationError(
      'One or more parameter values were invalid: DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy).',
    )
}

function replicationGroup(input: Input, { settings }: OperationContext): void {
  const regions = regionsOf(input)
  if (new Set(regions).size < regions.length)
    throw validationError(
      'One or more parameter values were invalid: a region is more than once in the replication group',
    )
  for (const region of regions) assertKnownRegion(region, settings.regions)
  if (!regions.includes(settings.region))
    throw validationError(
      `One or more parameter values were invalid: the replication group has to have the region that is asked, ${settings.region}`,
    )
}

async function create(input: Input, context: OperationContext): Promise<Output> {
  const { engine, settings } = context
  const name = input.GlobalTableName ?? ''
  const table = engine.tableNamed(name)
  if (table === undefined)
    throw new ServiceError(
      'TableNotFoundException',
      `Table not found: Table: '${name}' not found in region: '${settings.region}'.`,
    )
  if (table.replicas.length > 0) {
    const regions = table.replicas.map(({ region }) => region).join(', ')
    throw new ServiceError(
      'GlobalTableAlreadyExistsException',
      `Global table with name: '${name}' already exists with replicas in regions: ${regions}.`,
    )
  }
  assertActive(table)
  const others = regionsOf(input).filter((region) => region !== settings.region)
  if (others.length === 0)
    throw validationError('One or more parameter values were invalid: a global table has at least two replicas')
  await engine.define(table.id, [
    ...replicatedStream(table, context),
    ...others.flatMap((region) => newReplica(table, region, { takesOver: true }, settings.region)),
  ])
  const made = required(engine.tableWithId(table.id), `table ${name}`)
  return { GlobalTableDescription: describeGlobalTable(made, context) }
}
