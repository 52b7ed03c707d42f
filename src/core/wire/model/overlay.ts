/**
 * What AWS does beyond its published model: each row with its evidence, and each wins over the model. "Message"
 * below means a text that DynamoDB itself has been seen to answer.
 */
import type { ModelShape } from './model-shape.ts'

export type ShapeRow = Partial<Pick<ModelShape, 'enum' | 'pattern'>> & {
  readonly min?: number | undefined
  readonly max?: number | undefined
  readonly arnLengthMax?: number
}

export const shapeOverlay: Readonly<Record<string, ShapeRow>> = {
  // The type was widened to 1..1024 for ARNs (2024), but a value that is no ARN is still held to the rules of names.
  // Message: Value 'non!existent!table' at 'tableName' failed to satisfy constraint: Member must satisfy regular
  // expression pattern: [a-zA-Z0-9_.-]+
  TableArn: { min: 3, max: 255, pattern: '[a-zA-Z0-9_.-]+', arnLengthMax: 1024 },

  // Attribute names are checked with the item, and named by another message: "Attribute name is too large".
  AttributeName: { max: undefined },

  // Enum values are printed in the order of Java's hash sets where the service's own type has no other. Messages:
  // ... at 'returnValues' ... enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]
  ReturnValue: { enum: ['ALL_NEW', 'UPDATED_OLD', 'ALL_OLD', 'NONE', 'UPDATED_NEW'] },
  // ... at 'select' ... enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]
  Select: { enum: ['SPECIFIC_ATTRIBUTES', 'COUNT', 'ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES'] },
  // ... at 'conditionalOperator' ... enum value set: [OR, AND]
  ConditionalOperator: { enum: ['OR', 'AND'] },
  // ... at 'queryFilter.a.member.comparisonOperator' ... enum value set: [IN, NULL, BETWEEN, LT, ...
  ComparisonOperator: {
    enum: [
      'IN',
      'NULL',
      'BETWEEN',
      'LT',
      'NOT_CONTAINS',
      'EQ',
      'GT',
      'NOT_NULL',
      'NE',
      'LE',
      'BEGINS_WITH',
      'GE',
      'CONTAINS',
    ],
  },
  // ValidationException: Member must satisfy enum value set: [B, N, S] (aws/aws-sdk-js issue 979)
  ScalarAttributeType: { enum: ['B', 'N', 'S'] },
  // ... at 'localSecondaryIndexes.1.member.projection.projectionType' ... enum value set: [ALL, INCLUDE, KEYS_ONLY]
  ProjectionType: { enum: ['ALL', 'INCLUDE', 'KEYS_ONLY'] },
}

export type MemberRow = { readonly required: boolean; readonly unless?: string }

export const memberOverlay: Readonly<Record<string, MemberRow>> = {
  // Optional since a table can be made from another account's global table (2026); without that, as ever. Message:
  // Value null at 'keySchema' failed to satisfy constraint: Member must not be null
  'CreateTableInput.AttributeDefinitions': { required: true, unless: 'GlobalTableSourceArn' },
  'CreateTableInput.KeySchema': { required: true, unless: 'GlobalTableSourceArn' },
}

/**
 * Operations on items hold TableName to its constraints like any member. All others look at it before anything
 * else and in other words: "The parameter 'TableName' is required but was not present in the request".
 */
export const itemOperations: ReadonlySet<string> = new Set([
  'DeleteItem',
  'GetItem',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
])
