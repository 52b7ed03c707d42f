/**
 * The known differences between Longitude and DynamoDB, as data: docs/reference/differences.md is made from them (page.ts), and each names the test that
 * holds it. That test takes its title from here, so what the page says of Longitude is what is tested.
 */
import { requests } from './requests.ts'
import { globalTables } from './global-tables.ts'
import { running } from './running.ts'
import { triggers } from './triggers.ts'

export type Difference = {
  /** What DynamoDB does. */
  readonly aws: string
  /** What Longitude does; the title of the test. */
  readonly here: string
  readonly why: string
  /** How we know what DynamoDB does. */
  readonly evidence: string
  /** When that was so: a day or a month. */
  readonly date: string
  /** The file of the test, below test/. */
  readonly test: string
}

export const areas = {
  'Requests and items': requests,
  'Global tables': globalTables,
  Triggers: triggers,
  'Running it': running,
} as const satisfies Readonly<Record<string, Readonly<Record<string, Difference>>>>

export const differences = { ...requests, ...globalTables, ...triggers, ...running }

export type DifferenceId = keyof typeof differences

/** The title of the test that holds the difference. */
export function differs(id: DifferenceId): string {
  return differences[id].here
}
