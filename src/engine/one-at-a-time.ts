/**
 * Changes of a table one after another, by its name: each looks at the table as the one before left it, since what is
 * looked at is durable and what is under way is not seen yet. Without it two CreateTables of one name
 * would both find it free, and so would a CreateTable and a replica that begins.
 */
import type { ReadTables, Tables } from './engine.ts'

/** A region is known by the changes of its tables, which its engine and whatever stands in front of it (region/strong/routed-engine.ts) share. */
type InRegion = Pick<Tables, 'tableChanges'>

/** Tables that may be made at once on top of those that are here: each counts from before its first write. */
const making = new WeakMap<InRegion['tableChanges'], number>()

/** Makes a table, unless the region has so many tables, or is making them. Returns undefined when it does. */
export async function withinTables<Result>(
  engine: ReadTables & InRegion,
  max: number,
  make: () => Promise<Result>,
): Promise<Result | undefined> {
  const before = making.get(engine.tableChanges) ?? 0
  if (engine.tables().length + before >= max) return undefined
  making.set(engine.tableChanges, before + 1)
  try {
    return await make()
  } finally {
    making.set(engine.tableChanges, (making.get(engine.tableChanges) ?? 1) - 1)
  }
}

const underWay = new WeakMap<InRegion['tableChanges'], Map<string, Promise<unknown>>>()

export async function oneAtATime<Result>(
  { tableChanges: region }: InRegion,
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const tables = underWay.get(region) ?? new Map<string, Promise<unknown>>()
  underWay.set(region, tables)
  const before = tables.get(name) ?? Promise.resolve()
  const mine = before.then(work, work)
  tables.set(name, mine)
  try {
    return await mine
  } finally {
    if (tables.get(name) === mine) tables.delete(name)
  }
}
