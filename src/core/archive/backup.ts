/** What a region remembers of a backup, and the names of its blobs. */
import { snapshotRegister } from '../table/registers.ts'
import type {
  IndexSettings,
  KeyAttribute,
  KeySchema,
  Projection,
  SnapshotRegister,
  Table,
  TableSettings,
} from '../table/table.ts'

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
  /** BASE: what point-in-time recovery begins with; clients do not see it. */
  readonly type: 'USER' | 'SYSTEM' | 'BASE'
  readonly status: BackupStatus
  readonly createdMs: number
  readonly expiresMs?: number
  readonly table: SavedTable
  /** The table's id in the store. */
  readonly of: string
  /** The group of regions with strong consistency in whose store it is; absent where that is the region's own. */
  readonly group?: string
  readonly progress: BackupProgress
}

export const backupId = (createdMs: number, rest: string): string => `${String(createdMs).padStart(14, '0')}-${rest}`

export const backupFolder = (id: string): string => `backups/${id}/`
export const segmentName = (id: string, segment: number): string =>
  `${backupFolder(id)}${String(segment).padStart(8, '0')}`
export const manifestName = (id: string): string => `${backupFolder(id)}manifest`

type Size = { readonly items: number; readonly bytes: number }
export type NewBackup = Pick<Backup, 'id' | 'name' | 'type' | 'createdMs'> & { readonly expiresMs?: number | undefined }

/** A backup as it begins. */
export function newBackup(table: Table, { expiresMs, ...backup }: NewBackup, size: Size): Backup {
  return {
    ...backup,
    status: 'CREATING',
    ...(expiresMs === undefined ? {} : { expiresMs }),
    table: savedTable(table, size),
    of: table.id,
    ...groupOf(table),
    progress: { segments: 0, items: 0, bytes: 0 },
  }
}

/** While a table moves between the stores, it is in the region's own. */
function groupOf({ strong }: Pick<Table, 'strong'>): Pick<Backup, 'group'> {
  return strong === undefined || strong.isElsewhere === true ? {} : { group: strong.name }
}

/** The snapshot begins with the edit: the backup is the table of that position in the log. */
export function snapshotEdit({ id: table, snapshots = [] }: Table, { id }: Backup) {
  const number = Math.max(0, ...snapshots.map((each) => each.number)) + 1
  const value: SnapshotRegister = { backup: id, of: table }
  return { register: snapshotRegister(number), value }
}

export function savedTable(table: Table, { items, bytes }: Size): SavedTable {
  const { key, attributes, indexes, identity, settings } = table
  const { billingMode, provisioned, onDemand, stream, timeToLive, encryption } = settings
  return {
    tableId: identity?.tableId ?? table.id,
    name: table.name,
    createdMs: identity?.createdMs ?? table.createdMs,
    key,
    attributes,
    indexes: indexes
      .filter(({ status }) => status !== 'DELETING')
      .map((index) => ({
        name: index.name,
        kind: index.kind,
        key: index.key,
        projection: index.projection,
        settings: {
          ...(index.settings.provisioned === undefined ? {} : { provisioned: index.settings.provisioned }),
          ...(index.settings.onDemand === undefined ? {} : { onDemand: index.settings.onDemand }),
        },
      })),
    settings: {
      billingMode,
      ...(provisioned === undefined || billingMode === 'PAY_PER_REQUEST' ? {} : { provisioned }),
      ...(onDemand === undefined ? {} : { onDemand }),
      ...(stream === undefined ? {} : { stream }),
      ...(timeToLive === undefined ? {} : { timeToLive }),
      ...(encryption === undefined ? {} : { encryption }),
    },
    items,
    bytes,
  }
}
