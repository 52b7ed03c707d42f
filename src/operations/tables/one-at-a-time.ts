/**
 * Changes of a table one after another, by its name: each looks at the table as the one before left it, since what is
 * looked at is durable and what is under way is not seen yet. Without it two CreateTables of one name would both find it free.
 */
import type { Engine } from '../../engine/engine.ts'

const underWay = new WeakMap<Engine, Map<string, Promise<unknown>>>()

export async function oneAtATime<Result>(engine: Engine, name: string, work: () => Promise<Result>): Promise<Result> {
  const tables = underWay.get(engine) ?? new Map<string, Promise<unknown>>()
  underWay.set(engine, tables)
  const before = tables.get(name) ?? Promise.resolve()
  const mine = before.then(work, work)
  tables.set(name, mine)
  try {
    return await mine
  } finally {
    if (tables.get(name) === mine) tables.delete(name)
  }
}
