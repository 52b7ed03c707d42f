import type { ReadItems } from '../../engine/engine.ts'
import type { OperationEngine } from '../operation.ts'

type Reads = Pick<ReadItems, 'get' | 'read'>

/** The engine, but for the items that are read; those of tables with strong consistency between regions are what they are. */
export function readingFormer(engine: OperationEngine, reads: Reads): OperationEngine {
  const former: Reads = {
    get: (table, key) => (table.strong === undefined ? reads : engine).get(table, key),
    read: (plan) => (plan.table.strong === undefined ? reads : engine).read(plan),
  }
  return new Proxy(engine, {
    get: (target, name) => {
      if (name === 'get' || name === 'read') return former[name]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value as (...given: unknown[]) => unknown).bind(target) : value
    },
  })
}
