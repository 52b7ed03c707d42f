/** `npm test` runs the chaos tests briefly; `npm run chaos` (LONGITUDE_CHAOS=long) for many rounds. */
const long = process.env['LONGITUDE_CHAOS'] === 'long'

/** How many rounds of mischief a test makes. */
export const rounds = (short: number, many: number): number => (long ? many : short)

/** Of a whole test. */
export const testMsMax = long ? 30 * 60_000 : 120_000

/** A random whole number from 0 to `below` - 1; chaos has no seed, since processes keep no time. */
export const anyOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T
