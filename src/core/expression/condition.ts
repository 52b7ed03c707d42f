/**
 * Conditions as data, whatever they were written in: condition, filter and key condition expressions, the legacy
 * Expected, QueryFilter and ScanFilter, and PartiQL's WHERE all become this, and one evaluator decides them.
 */
import type { AttributeType, AttributeValue } from '../attribute/value.ts'
import type { Path } from './path.ts'

export type Operand = { readonly path: Path } | { readonly value: AttributeValue } | { readonly size: Path }

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>='

/** A comparison with its sides exchanged: `:low <= sort` is `sort >= :low`. */
export const mirrored: Readonly<Record<Comparator, Comparator>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

export type Condition =
  | { readonly op: 'and'; readonly of: readonly Condition[] }
  | { readonly op: 'or'; readonly of: readonly Condition[] }
  | { readonly op: 'not'; readonly of: Condition }
  | { readonly op: 'compare'; readonly comparator: Comparator; readonly left: Operand; readonly right: Operand }
  | { readonly op: 'between'; readonly operand: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly op: 'in'; readonly operand: Operand; readonly list: readonly Operand[] }
  | { readonly op: 'attribute_exists'; readonly path: Path }
  | { readonly op: 'attribute_not_exists'; readonly path: Path }
  | { readonly op: 'attribute_type'; readonly path: Path; readonly type: AttributeType }
  | { readonly op: 'begins_with'; readonly operand: Operand; readonly prefix: Operand }
  | { readonly op: 'contains'; readonly operand: Operand; readonly element: Operand }
