import type { ReadItems } from '../../engine/engine.ts'
import type { OperationEngine } from '../operation.ts'

type Reads = Pick<ReadItems, 'get' | 'read'>

/** The engine, but for the items that are read. */
export function readingFormer(engine: OperationEngine, reads: Reads): OperationEngine {
  return new Proxy(engine, {
    get: (target, name) => {
      const value: unknown = name === 'get' || name === 'read' ? reads[name] : Reflect.get(target, name, target)
      return typeof value === 'function' ? (value as (...given: unknown[]) => unknown).bind(target) : value
    },
  })
}
