/** What a region remembers of exports to buckets and imports from them: what was asked, and how far it has come. */
import type { SavedTable } from '../archive/backup.ts'
import type { Position } from '../change/change.ts'
import type { SharedLog, TableId } from '../table/table.ts'
import type { ExportFilter } from './export-filter.ts'

export type CopyStatus = 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'
export type BulkStatus = CopyStatus | 'COMPLETED_WITH_ERRORS' | 'CANCELLING' | 'CANCELLED'

/** Why it failed, in AWS's codes. */
export type CopyFailure = { readonly code: string; readonly message: string }

type Asked<Status = CopyStatus> = {
  /** As in its ARN: the time in milliseconds, 14 digits, and something random. */
  readonly id: string
  readonly status: Status
  readonly startedMs: number
  readonly endedMs?: number
  readonly failure?: CopyFailure
  readonly token: string
  /** What was asked, to tell a repeated request from another with the same token. */
  readonly asked: string
  readonly bucket: string
  readonly bucketOwner?: string
  readonly prefix?: string
}

export type ExportView = 'NEW_IMAGE' | 'NEW_AND_OLD_IMAGES'
export type ExportFormat = 'DYNAMODB_JSON' | 'ION'

/** [fromMs, toMs): changes of the window, each item once. */
export type ExportWindow = { readonly fromMs: number; readonly toMs: number; readonly view: ExportView }

export type ExportProgress = {
  readonly files: number
  readonly items: number
  readonly bytes: number
  /** The last key that is exported, in base64; absent at first. */
  readonly after?: string
  /** The base that is read, and its segment in which that key lies. */
  readonly base?: string
  readonly segment: number
}

export type ExportJob = Asked & {
  readonly kind: 'export'
  readonly table: SavedTable
  /** The table's id in the store. Its history begins after the position `after`. */
  readonly of: TableId
  readonly after: Position
  readonly shared?: SharedLog
  readonly format: ExportFormat
  /** The table is exported as it was at this moment. */
  readonly atMs: number
  readonly window?: ExportWindow
  readonly filter?: ExportFilter
  readonly progress: ExportProgress
}

export type Compression = 'NONE' | 'GZIP' | 'ZSTD'
export type ImportFormat = 'DYNAMODB_JSON' | 'CSV' | 'ION'
export type CsvForm = { readonly delimiter: string; readonly header?: readonly string[] }

export type ImportProgress = {
  /** The object that is being read, and the line up to which it is written; -1: all of it. */
  readonly object: string
  readonly line: number
  readonly imported: number
  readonly errors: number
  readonly bytes: number
  /** All objects are read: the import ends once the table is ACTIVE. */
  readonly isRead?: true
}

export type ImportJob = Asked & {
  readonly kind: 'import'
  readonly table: TableId
  readonly name: string
  readonly format: ImportFormat
  readonly csv?: CsvForm
  readonly compression: Compression
  /** As it was asked for, to be told again. */
  readonly parameters: unknown
  /** Registers that make the table. */
  readonly registers: readonly { readonly register: string; readonly value: unknown }[]
  readonly progress: ImportProgress
}

export type BulkReport = 'ERROR' | 'CONDITION_CHECK_FAILURE'

export type BulkProgress = {
  /** The object that is being read, and the line up to which it is written; -1: all of it. */
  readonly object: string
  readonly line: number
  readonly written: number
  readonly failed: number
  /** Items whose condition did not hold. */
  readonly refused: number
  readonly bytes: number
  /** Of the items that were written. */
  readonly writtenBytes: number
  /** Files of reports that are there. */
  readonly reports: Readonly<Record<BulkReport, number>>
}

/** Puts items of a bucket into a table that is there. */
export type BulkJob = Asked<BulkStatus> & {
  readonly kind: 'bulk'
  readonly table: TableId
  /** As clients are told it. */
  readonly tableId: string
  readonly name: string
  readonly format: Exclude<ImportFormat, 'CSV'>
  readonly compression: Compression
  readonly output: {
    readonly bucket: string
    readonly bucketOwner?: string
    readonly prefix?: string
    readonly sse?: string
    readonly types: readonly BulkReport[]
  }
  /** Write request units a second. */
  readonly unitsMax?: number
  readonly tier?: 'STANDARD' | 'ACCELERATED'
  readonly progress: BulkProgress
}

export type CopyJob = ExportJob | ImportJob | BulkJob

export const isUnderWay = ({ status }: CopyJob): boolean => status === 'IN_PROGRESS' || status === 'CANCELLING'

export const exportsUnderWay = (copies: readonly CopyJob[]): readonly ExportJob[] =>
  copies.filter((copy): copy is ExportJob => copy.kind === 'export' && isUnderWay(copy))

export const importsUnderWay = (copies: readonly CopyJob[]): readonly ImportJob[] =>
  copies.filter((copy): copy is ImportJob => copy.kind === 'import' && isUnderWay(copy))

export const bulksUnderWay = (copies: readonly CopyJob[]): readonly BulkJob[] =>
  copies.filter((copy): copy is BulkJob => copy.kind === 'bulk' && isUnderWay(copy))
