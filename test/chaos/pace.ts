/** `npm test` runs the chaos tests briefly; `npm run chaos` (LONGITUDE_CHAOS=long) for many rounds. */
const long = process.env['LONGITUDE_CHAOS'] === 'long'

/** For what takes minutes whatever it does. */
export const goesLong = long

/** How many rounds of mischief a test makes. */
export const rounds = (short: number, many: number): number => (long ? many : short)

/** Of a whole test. */
export const testMsMax = long ? 30 * 60_000 : 120_000

/** That pile up during a cut. */
export const backlogChanges = rounds(3000, 100_000)

/** Of the table that a replica is added to: LONGITUDE_CHAOS_ITEMS=1000000 for the real thing. */
export const joinItems = Number(process.env['LONGITUDE_CHAOS_ITEMS'] ?? rounds(3000, 200_000))

/** That are made and removed again while memory is watched: LONGITUDE_CHAOS_TABLES for others. */
export const growthTables = Number(process.env['LONGITUDE_CHAOS_TABLES'] ?? 10_000)

/** A random one; chaos has no seed, since processes keep no time. */
export const anyOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T
