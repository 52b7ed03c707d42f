/** Every operation that the node answers, by name. Those that it does not are in unsupported.ts, with the reason. */
import type { Operation } from './operation.ts'
import { createTable } from './tables/create-table.ts'
import { deleteTable } from './tables/delete-table.ts'
import { describeTable } from './tables/describe-table.ts'
import { listTables } from './tables/list-tables.ts'
import { updateTable } from './tables/update-table.ts'

const all: readonly Operation[] = [createTable, deleteTable, describeTable, listTables, updateTable]

export const registry: ReadonlyMap<string, Operation> = new Map(all.map((operation) => [operation.name, operation]))
