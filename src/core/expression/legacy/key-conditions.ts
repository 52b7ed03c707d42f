/** KeyConditions: the keys of a query before there were key condition expressions. */
import { required } from '../../assert.ts'
import type { AttributeValue } from '../../attribute/value.ts'
import { validationError } from '../../errors.ts'
import type { KeyTest } from '../../read/key-condition.ts'
import type { KeySchema } from '../../table/table.ts'
import type { Comparison } from './comparison.ts'
import { comparisonsOf, type LegacyConditions } from './filter.ts'

const sortOperators: Readonly<Record<string, '<' | '<=' | '>' | '>='>> = { LT: '<', LE: '<=', GT: '>', GE: '>=' }

export function keyTestsOfConditions(conditions: LegacyConditions, key: KeySchema): ReadonlyMap<string, KeyTest> {
  const comparisons = comparisonsOf(conditions)
  const keyLength = key.partition.length + key.sort.length
  if (comparisons.length === 0 || comparisons.length > Math.max(2, keyLength))
    throw validationError('Conditions can be of length 1 or 2 only')
  return new Map(comparisons.map(([name, comparison]) => [name, keyTestOf(comparison)] as const))
}

function keyTestOf({ operator, values }: Comparison): KeyTest {
  const first = (): AttributeValue => required(values[0], 'the value compared with')
  if (operator === 'EQ') return { op: '=', value: first() }
  if (operator === 'BETWEEN') return { op: 'between', low: first(), high: required(values[1], 'the upper bound') }
  if (operator === 'BEGINS_WITH') return { op: 'begins_with', prefix: first() }
  const op = sortOperators[operator]
  if (op === undefined) throw validationError('Attempted conditional constraint is not an indexable operation')
  return { op, value: first() }
}
