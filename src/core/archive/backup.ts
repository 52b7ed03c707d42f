/** What a region remembers of a backup, and the names of its blobs. */
import type { IndexSettings, KeyAttribute, KeySchema, Projection, TableSettings } from '../table/table.ts'

/** What of a table is restored, as it was when the backup was made. */
export type SavedTable = {
  /** As clients are told it. */
  readonly tableId: string
  readonly name: string
  readonly createdMs: number
  readonly key: KeySchema
  readonly attributes: readonly KeyAttribute[]
  readonly indexes: readonly SavedIndex[]
  readonly settings: Pick<
    TableSettings,
    'billingMode' | 'provisioned' | 'onDemand' | 'stream' | 'timeToLive' | 'encryption'
  >
  readonly items: number
  readonly bytes: number
}

export type SavedIndex = {
  readonly name: string
  readonly kind: 'local' | 'global'
  readonly key: KeySchema
  readonly projection: Projection
  readonly settings: Pick<IndexSettings, 'provisioned' | 'onDemand'>
}

/** How far the rows of a backup have been copied. */
export type BackupProgress = {
  readonly segments: number
  readonly items: number
  readonly bytes: number
  /** The primary key after which the next segment begins, in base64; absent before the first. */
  readonly after?: string
}

/** DELETED: its blobs are still to be removed, and no client sees it. */
export type BackupStatus = 'CREATING' | 'AVAILABLE' | 'DELETED'

export type Backup = {
  /** As in its ARN: the time in milliseconds, 14 digits, and something random. */
  readonly id: string
  readonly name: string
  readonly type: 'USER' | 'SYSTEM'
  readonly status: BackupStatus
  readonly createdMs: number
  readonly expiresMs?: number
  readonly table: SavedTable
  readonly progress: BackupProgress
}

export const backupId = (createdMs: number, rest: string): string => `${String(createdMs).padStart(14, '0')}-${rest}`

export const backupFolder = (id: string): string => `backups/${id}/`
export const segmentName = (id: string, segment: number): string =>
  `${backupFolder(id)}${String(segment).padStart(8, '0')}`
export const manifestName = (id: string): string => `${backupFolder(id)}manifest`
