/** Local and global secondary indexes of CreateTable and UpdateTable, with AWS's messages. */
import type { GlobalSecondaryIndex, LocalSecondaryIndex, Projection } from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import { validationError } from '../../core/errors.ts'
import {
  globalSecondaryIndexesMax,
  localSecondaryIndexesMax,
  projectedAttributesMax,
} from '../../core/limits/limits.ts'
import type { IndexRegister } from '../../core/table/registers.ts'
import type { KeyAttribute, Projection as IndexProjection, TableSettings } from '../../core/table/table.ts'
import type { Wire } from '../sdk-shape.ts'
import {
  checkDefined,
  checkGlobalKeySchema,
  checkSingleKeySchema,
  type Definition,
  type Element,
  keySchemaFrom,
} from './key-schema.ts'
import { checkIndexThroughput, checkOnDemand, throughputSettings } from './throughput.ts'

export type LocalIndex = Wire<LocalSecondaryIndex>
export type GlobalIndex = Wire<GlobalSecondaryIndex>

const invalid = (message: string) => validationError(`One or more parameter values were invalid: ${message}`)

export function checkLocalIndexes(
  indexes: readonly LocalIndex[],
  tableSchema: readonly Element[],
  definitions: readonly Definition[],
): void {
  if (indexes.length === 0) throw invalid('List of LocalSecondaryIndexes is empty')
  if (tableSchema.length < 2)
    throw invalid('Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex')
  for (const index of indexes) checkLocalIndex(index, tableSchema, definitions)
  checkNames(indexes)
  if (indexes.length > localSecondaryIndexesMax)
    throw invalid(`Number of LocalSecondaryIndexes exceeds per-table limit of ${localSecondaryIndexesMax}`)
}

function checkLocalIndex(index: LocalIndex, tableSchema: readonly Element[], definitions: readonly Definition[]): void {
  const schema = index.KeySchema ?? []
  checkDefined(schema, definitions)
  checkSingleKeySchema(schema)
  if (schema.length < 2) throw invalid(`Index KeySchema does not have a range key for index: ${index.IndexName}`)
  const indexHash = schema[0]?.AttributeName
  const tableHash = tableSchema[0]?.AttributeName
  if (indexHash !== tableHash)
    throw invalid(
      `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${index.IndexName}. index hash key: ${indexHash}, table hash key: ${tableHash}`,
    )
  checkProjection(index.Projection)
}

export function checkGlobalIndexes(
  indexes: readonly GlobalIndex[],
  billingMode: TableSettings['billingMode'],
  definitions: readonly Definition[],
): void {
  if (indexes.length === 0) throw invalid('List of GlobalSecondaryIndexes is empty')
  for (const index of indexes) checkGlobalIndex(index, billingMode, definitions)
  checkNames(indexes)
  if (indexes.length > globalSecondaryIndexesMax)
    throw invalid(`GlobalSecondaryIndex count exceeds the per-table limit of ${globalSecondaryIndexesMax}`)
}

export function checkGlobalIndex(
  index: GlobalIndex,
  billingMode: TableSettings['billingMode'],
  definitions: readonly Definition[],
): void {
  const schema = index.KeySchema ?? []
  checkDefined(schema, definitions)
  checkGlobalKeySchema(schema)
  checkProjection(index.Projection)
  checkIndexThroughput(billingMode, index.IndexName, index.ProvisionedThroughput)
  checkOnDemand(billingMode, index.OnDemandThroughput)
}

function checkProjection(projection: Wire<Projection> | undefined): void {
  const type = projection?.ProjectionType
  if (projection === undefined || type === undefined) throw invalid('Unknown ProjectionType: null')
  if (type !== 'INCLUDE' && projection.NonKeyAttributes !== undefined)
    throw invalid(`ProjectionType is ${type}, but NonKeyAttributes is specified`)
  if (type === 'INCLUDE' && projection.NonKeyAttributes === undefined)
    throw invalid('ProjectionType is INCLUDE, but NonKeyAttributes is not specified')
  const twice = projection.NonKeyAttributes?.find((name, at, all) => all.indexOf(name) !== at)
  if (twice !== undefined) throw invalid(`Duplicate attribute in NonKeyAttributes: ${twice}`)
}

/** Names are unique over the indexes of both kinds. */
export function checkNames(indexes: readonly { readonly IndexName: string | undefined }[]): void {
  const seen = new Set<string | undefined>()
  for (const { IndexName } of indexes) {
    if (seen.has(IndexName)) throw invalid(`Duplicate index name: ${IndexName}`)
    seen.add(IndexName)
  }
}

/** The developer guide: at most 100 attributes projected into all indexes together, one counted once for each index. */
export function checkProjectedAttributes(counts: readonly number[]): void {
  const sum = counts.reduce((total, count) => total + count, 0)
  if (sum > projectedAttributesMax)
    throw invalid(
      `Number of NonKeyAttributes across all indexes exceeds the per-table limit of ${projectedAttributesMax}`,
    )
}

export function indexRegisterFrom(
  kind: 'local' | 'global',
  id: string,
  index: LocalIndex & Partial<GlobalIndex>,
  attributes: readonly KeyAttribute[],
): IndexRegister {
  return {
    id,
    kind,
    key: keySchemaFrom(index.KeySchema ?? [], attributes),
    projection: projectionFrom(index.Projection ?? {}),
    settings: kind === 'local' ? {} : throughputSettings(index),
  }
}

function projectionFrom({ ProjectionType, NonKeyAttributes }: Wire<Projection>): IndexProjection {
  const type = required(ProjectionType, 'ProjectionType')
  return type === 'INCLUDE' ? { type, attributes: NonKeyAttributes ?? [] } : { type }
}
