/**
 * Changes of a table one after another, by its name: each looks at the table as the one before left it, since what is
 * looked at is durable and what is under way is not seen yet. Without it two CreateTables of one name
 * would both find it free, and so would a CreateTable and a replica that begins.
 */
import type { ReadTables } from './engine.ts'

/** Tables that may be made at once on top of those that are here: each counts from before its first write. */
const making = new WeakMap<ReadTables, number>()

/** Makes a table, unless the region has so many tables, or is making them. Returns undefined when it does. */
export async function withinTables<Result>(
  engine: ReadTables,
  max: number,
  make: () => Promise<Result>,
): Promise<Result | undefined> {
  const before = making.get(engine) ?? 0
  if (engine.tables().length + before >= max) return undefined
  making.set(engine, before + 1)
  try {
    return await make()
  } finally {
    making.set(engine, (making.get(engine) ?? 1) - 1)
  }
}

const underWay = new WeakMap<ReadTables, Map<string, Promise<unknown>>>()

export async function oneAtATime<Result>(
  engine: ReadTables,
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
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
