/** Counts requests of tables that were refused or failed, for the metrics of these tables: by the error, and by item where that is told by item. */
import { ServiceError } from '../core/errors.ts'
import { tableNameOf } from './arns.ts'
import type { Operation, OperationContext } from './operation.ts'

type Of = { readonly error: unknown; readonly context: OperationContext }

export function countRefusal<Ready>(operation: Operation<never, Ready>, ready: Ready, { error, context }: Of): void {
  const code = error instanceof ServiceError ? error.code : 'InternalServerError'
  if (!counted.has(code)) return
  const touches = operation.touches(ready)
  const { meter } = context.env
  const count = (named: string | undefined, of: string): void => {
    const table = nameOf(named, context)
    if (table !== undefined)
      meter.count('longitude_table_refusals_total', { table, operation: operation.name, code: of })
  }
  if (code !== 'TransactionCanceledException') {
    for (const table of new Set(touches.map(({ table: named }) => named))) count(table, code)
    return
  }
  const { CancellationReasons: reasons = [] } = (error as ServiceError).members as {
    CancellationReasons?: readonly { readonly Code?: string }[]
  }
  for (const [n, { Code = 'None' }] of reasons.entries()) if (Code !== 'None') count(touches[n]?.table, Code)
}

/** What metrics of a table show. */
const counted: ReadonlySet<string> = new Set([
  'ConditionalCheckFailedException',
  'InternalServerError',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionCanceledException',
  'TransactionConflictException',
])

/** Undefined for what this region does not have. */
function nameOf(named: string | undefined, { engine, settings }: OperationContext): string | undefined {
  try {
    return engine.tableNamed(tableNameOf(settings, named ?? ''))?.name
  } catch {
    return undefined
  }
}
