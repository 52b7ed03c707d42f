/**
 * Key schemas against attribute definitions, as CreateTable and UpdateTable check them. Messages as AWS gives them;
 * which of the three about missing definitions comes when: https://github.com/aws-cloudformation/cfn-lint/issues/1037.
 */
import type { AttributeDefinition, KeySchemaElement } from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import { validationError } from '../../core/errors.ts'
import { multiKeyAttributesMax } from '../../core/limits/limits.ts'
import type { KeyAttribute, KeySchema } from '../../core/table/table.ts'
import type { Wire } from '../sdk-shape.ts'

export type Element = Wire<KeySchemaElement>
export type Definition = Wire<AttributeDefinition>

const invalid = (message: string) => validationError(`One or more parameter values were invalid: ${message}`)
const namesOf = (elements: readonly { readonly AttributeName: string | undefined }[]): string =>
  `[${elements.map((element) => element.AttributeName).join(', ')}]`

/** A table's own schema, or a local index's: one HASH, then at most one RANGE. */
export function checkTableKeySchema(schema: readonly Element[], definitions: readonly Definition[]): void {
  checkSingleKeySchema(schema)
  if (schema.length > definitions.length)
    throw validationError('Invalid KeySchema: Some index key attribute have no definition')
  checkDefined(schema, definitions)
}

export function checkSingleKeySchema(schema: readonly Element[]): void {
  const [first, second, third] = schema
  if (first?.KeyType !== 'HASH')
    throw validationError('Invalid KeySchema: The first KeySchemaElement is not a HASH key type')
  if (second === undefined) return
  if (second.KeyType !== 'RANGE')
    throw validationError('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type')
  if (first.AttributeName === second.AttributeName)
    throw validationError('Both the Hash Key and the Range Key element in the KeySchema have the same name')
  if (third !== undefined) throw validationError('Invalid KeySchema: KeySchema has more than two elements')
}

/** A global index's: up to four HASH, then up to four RANGE (since November 2025). */
export function checkGlobalKeySchema(schema: readonly Element[]): void {
  if (schema[0]?.KeyType !== 'HASH')
    throw validationError('Invalid KeySchema: The first KeySchemaElement is not a HASH key type')
  const hashes = schema.filter((element) => element.KeyType === 'HASH')
  const ranges = schema.slice(hashes.length)
  if (ranges.some((element) => element.KeyType !== 'RANGE'))
    throw validationError('Invalid KeySchema: All HASH key elements must come before the RANGE key elements')
  if (new Set(schema.map((element) => element.AttributeName)).size < schema.length)
    throw validationError('Both the Hash Key and the Range Key element in the KeySchema have the same name')
  if (hashes.length > multiKeyAttributesMax || ranges.length > multiKeyAttributesMax)
    throw validationError(`Invalid KeySchema: At most ${multiKeyAttributesMax} elements of each key type are allowed`)
}

export function checkDefined(schema: readonly Element[], definitions: readonly Definition[]): void {
  const defined = new Set(definitions.map((definition) => definition.AttributeName))
  if (schema.every((element) => defined.has(element.AttributeName))) return
  throw invalid(
    `Some index key attributes are not defined in AttributeDefinitions. Keys: ${namesOf(schema)}, AttributeDefinitions: ${namesOf(definitions)}`,
  )
}

export function checkDistinctDefinitions(definitions: readonly Definition[]): void {
  if (new Set(definitions.map((definition) => definition.AttributeName)).size < definitions.length)
    throw validationError('Cannot have two attributes with the same name')
}

/** Every definition is there for a key: of the table alone, or of the table and its indexes. */
export function checkAllUsed(definitions: readonly Definition[], schemas: readonly (readonly Element[])[]): void {
  const used = new Map(schemas.flat().map((element) => [element.AttributeName, element]))
  if (definitions.every((definition) => used.has(definition.AttributeName))) return
  if (schemas.length === 1)
    throw invalid(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    )
  throw invalid(
    `Some AttributeDefinitions are not used. AttributeDefinitions: ${namesOf(definitions)}, keys used: ${namesOf([...used.values()])}`,
  )
}

/** The schema with the types of its attributes; after the checks. */
export function keySchemaFrom(schema: readonly Element[], attributes: readonly KeyAttribute[]): KeySchema {
  const typed = (keyType: 'HASH' | 'RANGE'): KeyAttribute[] =>
    schema
      .filter((element) => element.KeyType === keyType)
      .map(({ AttributeName }) =>
        required(
          attributes.find((attribute) => attribute.name === AttributeName),
          `definition of key attribute ${AttributeName}`,
        ),
      )
  return { partition: typed('HASH'), sort: typed('RANGE') }
}

export function attributesFrom(definitions: readonly Definition[]): KeyAttribute[] {
  return definitions.map(({ AttributeName, AttributeType }) => ({
    name: required(AttributeName, 'AttributeName'),
    type: required(AttributeType, 'AttributeType'),
  }))
}
