/**
 * Which requests have to see the latest write of every region: strongly consistent reads of tables with strong consistency between regions. They wait
 * until this region has decided everything that had its place when they came. All other requests read what is here.
 *
 * In a region of several nodes the strongly consistent reads of all tables, and transactions, wait too: until it is known that no other node led
 * the region when they came. Those of a table with strong consistency between regions wait for both.
 */
import { ServiceError } from '../core/errors.ts'
import type { Table } from '../core/table/table.ts'
import { tableNameOf } from './arns.ts'
import type { Operation, OperationContext } from './operation.ts'

type Asked = {
  readonly ConsistentRead?: boolean
  readonly RequestItems?: Readonly<Record<string, { readonly ConsistentRead?: boolean }>>
  readonly Statements?: readonly { readonly ConsistentRead?: boolean }[]
}

/** Undefined where nothing is to be waited for. Rejects with a ServiceError when the group cannot be asked. */
export function latestOf<Ready>(
  operation: Operation<never, Ready>,
  { input, ready }: { readonly input: Asked; readonly ready: Ready },
  context: OperationContext,
): Promise<unknown> | undefined {
  const groups = groupsRead(operation, { input, ready }, context).map((group) => context.strong?.latest(group))
  const ofNodes = context.latest !== undefined && isStrong(operation.name, input) ? context.latest() : undefined
  return groups.length === 0 ? ofNodes : Promise.all([...groups, ofNodes])
}

/** Those whose tables are read with strong consistency. */
function groupsRead<Ready>(
  operation: Operation<never, Ready>,
  { input, ready }: { readonly input: Asked; readonly ready: Ready },
  context: OperationContext,
): readonly string[] {
  if (context.strong?.any !== true) return []
  const names = namesIn(input, () => operation.touches(ready).map(({ table }) => table))
  return [...new Set(names.flatMap((name) => groupOf(name, context) ?? []))]
}

const transactions: ReadonlySet<string> = new Set(['TransactGetItems', 'ExecuteTransaction'])

function isStrong(operation: string, { ConsistentRead, RequestItems, Statements }: Asked): boolean {
  if (ConsistentRead === true || transactions.has(operation)) return true
  const parts = [...Object.values(RequestItems ?? {}), ...(Array.isArray(Statements) ? Statements : [])]
  return parts.some((each) => each.ConsistentRead === true)
}

/** What is refused because of the tables that there are waits too: another node may know of others. */
export async function sureOfTables(
  { kind }: Pick<Operation, 'kind'>,
  { latest }: OperationContext,
  run: () => unknown,
): Promise<unknown> {
  try {
    return await run()
  } catch (error) {
    const isAboutTables =
      error instanceof ServiceError && (kind === 'control' || error.code === 'ResourceNotFoundException')
    if (isAboutTables) await latest?.()
    throw error
  }
}

function namesIn(
  { ConsistentRead, RequestItems, Statements }: Asked,
  touched: () => readonly (string | undefined)[],
): readonly (string | undefined)[] {
  if (ConsistentRead === true) return touched()
  // Of statements it is not known which of them touch what.
  if (Array.isArray(Statements)) return Statements.some((each) => each.ConsistentRead === true) ? touched() : []
  const asked = Object.entries(RequestItems ?? {})
  return asked.flatMap(([name, each]) => (each.ConsistentRead === true ? [name] : []))
}

function groupOf(name: string | undefined, { engine, settings }: OperationContext): string | undefined {
  const table = name === undefined ? undefined : tableOrNone(() => engine.tableNamed(tableNameOf(settings, name)))
  return table?.strong?.name
}

/** What is wrong with a name is said by the operation. */
function tableOrNone(find: () => Table | undefined): Table | undefined {
  try {
    return find()
  } catch {
    return undefined
  }
}
