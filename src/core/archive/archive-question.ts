/**
 * What regions say to each other about their archives, as JSON in a message of replication. The region that restores asks; the one that has the
 * archive answers from what it remembers, and lends its blobs in parts.
 */
import type { Recovery, SharedLog, TableId } from '../table/table.ts'
import type { Backup, SavedTable } from './backup.ts'
import { type GroupStateQuestion, groupStateQuestionIn } from './group-question.ts'
import type { ArchiveCursor, Base, PastSource } from './recovery.ts'

export type ArchiveQuestion =
  | { readonly ask: 'backup'; readonly id: string }
  /** The history of a table that has point-in-time recovery. */
  | { readonly ask: 'recovery'; readonly table: string }
  /** Whether everything up to the moment is archived. It is kept for a while then. */
  | ({ readonly ask: 'ready' } & PastSource)
  | { readonly ask: 'names'; readonly prefix: string; readonly after: string; readonly countMax: number }
  /** What seals the entries of a group of regions with strong consistency: told to its replicas only. */
  | { readonly ask: 'group key'; readonly group: string }
  | GroupStateQuestion
  /** The bytes [from, to) of a blob. */
  | { readonly ask: 'blob'; readonly name: string; readonly from: number; readonly to: number }

type Replies = {
  readonly backup: { readonly backup?: Backup }
  readonly recovery: {
    readonly isThere: boolean
    readonly saved?: SavedTable
    readonly of?: TableId
    readonly recovery?: Recovery
    readonly nowMs: number
  }
  /** `lost`: why there will never be one. */
  readonly ready: { readonly cursor?: ArchiveCursor; readonly base?: Base; readonly lost?: string }
  readonly names: { readonly names: readonly string[] }
  /** In base64; absent where the region has none, or the asker is no replica. */
  readonly 'group key': { readonly key?: string }
  /** What was asked for, as JSON; absent where the region has no such replica, or the asker is none. */
  readonly 'group state': { readonly record?: unknown; readonly tables?: unknown; readonly rows?: unknown }
  /** In base64; absent where there is none of the name. */
  readonly blob: { readonly bytes?: string }
}

export type ArchiveReply<Question extends ArchiveQuestion> = Replies[Question['ask']]

/** What lies in one message, before it is base64. */
export const lentBytesMax = 256 * 1024
/** What is asked for stays for so long without another question. */
export const lentMs = 30 * 60 * 1000
/** Sources that are lent at the same time. */
export const lentMax = 50

type Fields = Readonly<Record<string, unknown>>

/** Throws RangeError for what is no question. */
export function archiveQuestionOf(text: string): ArchiveQuestion {
  const fields = parsed(text)
  const { ask, id, table, of, after, atMs, shared, prefix, countMax, name, from, to, group } = fields
  if (ask === 'backup' && isText(id)) return { ask, id }
  if (ask === 'recovery' && isText(table)) return { ask, table }
  if (ask === 'ready' && isText(of) && isNatural(after) && isNatural(atMs))
    return { ask, of, after, atMs, ...sharedIn(shared) }
  if (ask === 'names' && isText(prefix) && isText(after) && isNatural(countMax)) return { ask, prefix, after, countMax }
  if (ask === 'group key' && isText(group)) return { ask, group }
  if (ask === 'blob' && isText(name) && isNatural(from) && isNatural(to)) return { ask, name, from, to }
  const ofGroup = groupStateQuestionIn(fields)
  if (ofGroup !== undefined) return ofGroup
  throw new RangeError('no question about an archive')
}

function sharedIn(given: unknown): { readonly shared?: SharedLog } {
  const { group, log } = (given ?? {}) as Fields
  return isText(group) && isText(log) ? { shared: { group, log } } : {}
}

function parsed(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Fields
  } catch {
    // It is refused as any other text.
  }
  throw new RangeError('no question about an archive')
}

const textMax = 1024
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= textMax
const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
