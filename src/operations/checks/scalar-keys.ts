import { validationError } from '../../core/errors.ts'
import type { Condition } from '../../core/expression/condition.ts'
import { pathsInCondition, pathsInUpdate } from '../../core/expression/names.ts'
import type { Path } from '../../core/expression/path.ts'
import type { Projection } from '../../core/expression/projection.ts'
import type { Update } from '../../core/expression/update.ts'
import type { KeySchema, Table } from '../../core/table/table.ts'

type Named = {
  readonly projection?: Projection | undefined
  readonly condition?: Condition | undefined
  readonly update?: Update | undefined
}

/** Throws for a path that goes into a key attribute of the table or of one of its indexes: these hold no documents. */
export function assertScalarKeys(table: Table, { projection, condition, update }: Named): void {
  if (projection !== undefined) checkPaths(table, projection.paths)
  if (condition !== undefined) checkPaths(table, pathsInCondition(condition))
  if (update !== undefined) checkPaths(table, pathsInUpdate(update))
}

function checkPaths(table: Table, paths: readonly Path[]): void {
  for (const path of paths) {
    if (path.length === 1) continue
    const [name] = path
    if (isIn(table.key, name)) throw notScalar('Key', name)
    if (table.indexes.some(({ key }) => isIn(key, name))) throw notScalar('IndexKey', name)
  }
}

const isIn = ({ partition, sort }: KeySchema, name: string): boolean =>
  partition.some((part) => part.name === name) || sort.some((part) => part.name === name)

function notScalar(kind: 'Key' | 'IndexKey', name: string): Error {
  return validationError(
    `Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: ${kind}: ${name}`,
  )
}
