/** The global tables that the asked region has a replica of, in the order of their names. */
import type { ListGlobalTablesInput, ListGlobalTablesOutput } from '@aws-sdk/client-dynamodb'
import { listTablesMax } from '../../core/limits/limits.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

export const listGlobalTables = defineControl<Wire<ListGlobalTablesInput>, Wire<ListGlobalTablesOutput>>({
  name: 'ListGlobalTables',
  checks: [],
  run: (
    { ExclusiveStartGlobalTableName: start, Limit: limit = listTablesMax, RegionName: region },
    { engine, settings },
  ) => {
    const found = (settings.globalTables2017 ? engine.tables() : [])
      .filter(({ name, replicas }) => replicas.length > 0 && (start === undefined || name > start))
      .filter(({ replicas }) => region === undefined || replicas.some((replica) => replica.region === region))
    const page = found.slice(0, limit)
    const last = page.at(-1)
    return {
      GlobalTables: page.map(({ name, replicas }) => ({
        GlobalTableName: name,
        ReplicationGroup: replicas.map((replica) => ({ RegionName: replica.region })),
      })),
      ...(found.length > page.length && last !== undefined ? { LastEvaluatedGlobalTableName: last.name } : {}),
    }
  },
})
