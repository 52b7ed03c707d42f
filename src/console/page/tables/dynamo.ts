/** Operations of the API, in a region of choice. */
import { call } from '../console-api.ts'

export type Output = Readonly<Record<string, unknown>>

export class Refused extends Error {
  readonly type: string

  constructor(type: string, message: string) {
    super(`${type}: ${message}`)
    this.type = type
  }
}

/** Rejects with a Refused that has the region's own words. */
export async function dynamo(region: string, operation: string, input: object): Promise<Output> {
  const { output, error } = await call('dynamodb', { region, operation, input: input as Record<string, unknown> })
  if (error !== undefined) throw new Refused(error.type, error.message)
  return output ?? {}
}

const lookMs = 250
const looksMax = 240

/** Until a table, or its replica, has a state; rejects when that takes a minute. */
export async function untilTable(region: string, name: string, isSo: (table: Output) => boolean): Promise<void> {
  for (let looks = 0; looks < looksMax; looks++) {
    const told = await dynamo(region, 'DescribeTable', { TableName: name })
    if (isSo((told['Table'] ?? {}) as Output)) return
    await new Promise((resolve) => {
      setTimeout(resolve, lookMs)
    })
  }
  throw new Error(`${name} is not ready in ${region} after a minute; it goes on`)
}

export function isActive(table: Output): boolean {
  return table['TableStatus'] === 'ACTIVE'
}

export function hasReplica(region: string): (table: Output) => boolean {
  return (table) => {
    const replicas = Array.isArray(table['Replicas']) ? (table['Replicas'] as readonly Output[]) : []
    return (
      replicas.some((each) => each['RegionName'] === region && each['ReplicaStatus'] === 'ACTIVE') && isActive(table)
    )
  }
}
