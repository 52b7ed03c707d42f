/** What a node of a region says of itself. */
import type { NodeName } from './node-entry.ts'

export type NodeRole =
  | { readonly role: 'leading'; readonly term: number }
  | { readonly role: 'following'; readonly term: number; readonly leader: NodeName | undefined }
  | { readonly role: 'copying'; readonly from: string | undefined; readonly rows: number }
  /** No majority is reached, or the node has not caught up since its start. */
  | { readonly role: 'away' }

export type NodeStatus = {
  readonly node: string
  readonly term: number
  /** The last entry that was looked at, and the last one that is durable here. */
  readonly sequence: number
  readonly durable: number
  /** The time of the last entry, as the stream's leader saw it. */
  readonly atMs: number
  /** Of each node, the last entry that it has told to be durable there. */
  readonly nodes: Readonly<Record<string, number | undefined>>
  /** All rows are of one moment, and may be read. */
  readonly isWhole: boolean
  readonly isReady: boolean
  /** What an operator has to look at before this node goes on. */
  readonly trouble: string | undefined
}
