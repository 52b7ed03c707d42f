/** Which attributes a Query or Scan answers with: Select, ProjectionExpression and AttributesToGet together. */
import type { Select } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import type { Projection } from '../../core/expression/projection.ts'
import { heldAttributes } from '../../core/item/index-item.ts'
import type { ReadPlan } from '../../core/read/read-plan.ts'
import { prefixed } from '../../core/wire/validation-layers.ts'
import type { Index, Table } from '../../core/table/table.ts'

type Asked = {
  readonly Select?: Select | undefined
  readonly IndexName?: string | undefined
  readonly ProjectionExpression?: string | undefined
  readonly AttributesToGet?: readonly string[] | undefined
}

const invalid = (message: string) => validationError(`One or more parameter values were invalid: ${message}`)

/** What can be said before the table is known; Query says it behind a prefix, and Scan without one. */
export function checkSelect(asked: Asked, operation: 'Query' | 'Scan'): void {
  const problem = selectProblem(asked)
  if (problem !== undefined) throw operation === 'Query' ? prefixed(problem) : validationError(problem)
}

function selectProblem({
  Select: select,
  IndexName,
  ProjectionExpression,
  AttributesToGet,
}: Asked): string | undefined {
  const given = AttributesToGet !== undefined ? 'AttributesToGet' : 'ProjectionExpression'
  const any = ProjectionExpression !== undefined || AttributesToGet !== undefined
  if (any && select !== undefined && select !== 'SPECIFIC_ATTRIBUTES')
    return `Cannot specify the ${given} when choosing to get ${select === 'COUNT' ? 'only the Count' : select}`
  if (!any && select === 'SPECIFIC_ATTRIBUTES')
    return 'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES'
  if (select === 'ALL_PROJECTED_ATTRIBUTES' && IndexName === undefined)
    return 'ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName'
  return undefined
}

type Selection = Pick<ReadPlan, 'projection' | 'countOnly' | 'fetchWhole'>

/** A global index answers only what it holds; a local one fetches the rest from the table, item by item. */
export function selectionOf(
  table: Table,
  index: Index | undefined,
  select: Select | undefined,
  projection: Projection | undefined,
): Selection {
  const countOnly = select === 'COUNT'
  const projected = projection === undefined ? { countOnly } : { countOnly, projection }
  if (index === undefined || index.projection.type === 'ALL') return { ...projected, fetchWhole: false }
  if (select === 'ALL_ATTRIBUTES') {
    if (index.kind === 'local') return { ...projected, fetchWhole: true }
    throw invalid(
      `Select type ALL_ATTRIBUTES is not supported for global secondary index ${index.name} because its projection type is not ALL`,
    )
  }
  const missing = notHeld(table, index, projection)
  if (missing.length > 0 && index.kind === 'global')
    throw invalid(`Global secondary index ${index.name} does not project [${missing.join(', ')}]`)
  return { ...projected, fetchWhole: missing.length > 0 }
}

function notHeld(table: Table, index: Index, projection: Projection | undefined): readonly string[] {
  if (projection === undefined) return []
  const held = heldAttributes(index, table)
  return [...new Set(projection.paths.map(([name]) => name))].filter((name) => !held.has(name))
}
