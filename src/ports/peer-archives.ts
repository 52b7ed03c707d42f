/** What a region asks another for, to restore a table of it: backups, history, and their blobs. */
import type { ArchiveReply, ArchiveQuestion } from '../core/archive/archive-question.ts'

export interface PeerArchives {
  /** Rejects with PeerAway where the region does not answer, or refuses. */
  ask<Question extends ArchiveQuestion>(region: string, question: Question): Promise<ArchiveReply<Question>>
}

export class PeerAway extends Error {
  override readonly name = 'PeerAway'
}
