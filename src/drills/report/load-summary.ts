/** The load that a drill's figures rest on: a figure without it says little. */
import type { Load, Step } from '../definition/definition.ts'
import { groupBy } from '../definition/group-by.ts'
import type { Operation, Recorded } from '../definition/drill-record.ts'

export type LoadSummary = {
  readonly clients: number
  readonly writes: number
  readonly reads: number
  /** Of the writes: those of items that several regions write. */
  readonly sharedWrites: number
  readonly seconds: number
  /** Requests of all clients together. */
  readonly perSecond: number
  /** Of an item, with the names of its attributes, about. */
  readonly itemBytes: number
  /** Where clients go when their region fails. */
  readonly failover: readonly string[]
  readonly probes: number
}

/** The names of the attributes, and the number `at`. */
const fixedBytes = 'id'.length + 'v'.length + 'by'.length + 'at'.length + 'pad'.length + 8

export function hasLoad(steps: readonly Step[]): boolean {
  return loadsIn(steps).length > 0
}

export function loadOf(
  steps: readonly Step[],
  { operations, probes = [], loadStartedMs, loadEndedMs }: Recorded,
): LoadSummary {
  const loads = loadsIn(steps)
  const writes = operations.filter(({ kind }) => kind === 'write')
  const seconds = Math.max(0.001, (loadEndedMs - loadStartedMs) / 1000)
  return {
    clients: groupBy(operations, ({ client }) => client).size,
    writes: writes.length,
    reads: operations.length - writes.length,
    sharedWrites: writes.filter(({ shared }) => shared).length,
    seconds,
    perSecond: operations.length / seconds,
    itemBytes: Math.round(mean(writes.map(variableBytes)) + fixedBytes + mean(loads.map((load) => load['value size']))),
    failover: [...new Set(loads.map(({ failover }) => failover))],
    probes: probes.length,
  }
}

function loadsIn(steps: readonly Step[]): readonly Load[] {
  return steps.flatMap(({ action }) => {
    if (action.do === 'load') return [action.load]
    return action.do === 'repeat' ? loadsIn(action.steps) : []
  })
}

function variableBytes({ key, value = '', served }: Operation): number {
  return key.length + value.length + served.length
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
