/** For a request that came through a cache: notes where in the log it was answered, and says so beside the reply. */
import type { Position } from '../core/change/change.ts'
import { type MarkedTable, placeHeader, placeText, tablesHeader, tablesText } from '../core/wire/cache-mark.ts'
import { tableNameOf } from '../operations/arns.ts'
import type { OperationContext, RequestContext } from '../operations/operation.ts'

export type Marking = {
  readonly onCommitted: NonNullable<RequestContext['onCommitted']>
  readonly headers: () => Readonly<Record<string, string>>
}

/**
 * In the turn in which an operation begins: what it reads is at least what is flushed now, and the tables are those of now. Of
 * writes the positions are noted as they are committed; one that is not durable may be given again, so that none is told
 * beyond what is.
 */
export type Decided = { readonly verified: boolean; readonly policed: boolean }

export function marking(context: OperationContext, names: readonly (string | undefined)[], decided: Decided): Marking {
  const { engine } = context
  const { epoch } = engine
  const position = engine.flushed()
  const tables = tablesText(tablesOf(context, names))
  const commits: Position[] = []
  return {
    onCommitted: (at) => void commits.push(Math.min(at, engine.flushed())),
    headers: () => ({
      [placeHeader]: placeText({ place: { epoch, position }, after: engine.flushed(), commits, ...decided }),
      [tablesHeader]: tables,
    }),
  }
}

function tablesOf(
  { engine, settings }: OperationContext,
  names: readonly (string | undefined)[],
): ReadonlyMap<string, MarkedTable> {
  const tables = new Map<string, MarkedTable>()
  for (const given of names) {
    const table = given === undefined ? undefined : engine.tableNamed(tableNameOf(settings, given))
    // What another region may have written meanwhile is no cache's to keep.
    if (given !== undefined && table !== undefined && table.strong === undefined)
      tables.set(given, { id: table.id, key: table.key })
  }
  return tables
}
