/** What a replica of a group with strong consistency asks another one for, to start from its state: a message of replication, as those about archives. */
export type GroupStateQuestion = {
  readonly ask: 'group state'
  readonly group: string
  readonly of: 'record' | 'tables' | 'registers' | 'rows'
  readonly table?: string
  /** The key of the last row so far, in base64. */
  readonly after?: string
}

/** Rows in one answer; one row may be larger than the bytes. */
export const groupStateRowsMax = 1000
export const groupStateBytesMax = 256 * 1024

const parts: readonly GroupStateQuestion['of'][] = ['record', 'tables', 'registers', 'rows']
/** The longest primary key, in base64. */
const keyTextMax = 8192

/** Undefined for what is none. */
export function groupStateQuestionIn(fields: Readonly<Record<string, unknown>>): GroupStateQuestion | undefined {
  const { ask, group, of, table, after } = fields
  const part = parts.find((name) => name === of)
  if (ask !== 'group state' || typeof group !== 'string' || part === undefined) return undefined
  const named = typeof table === 'string' ? { table } : {}
  const from = typeof after === 'string' && after.length <= keyTextMax ? { after } : {}
  return { ask, group, of: part, ...named, ...from }
}
