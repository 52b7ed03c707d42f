/** What a region remembers of exports to buckets and imports from them: what was asked, and how far it has come. */
import type { SavedTable } from '../archive/backup.ts'
import type { Position } from '../change/change.ts'
import type { TableId } from '../table/table.ts'
import type { ExportFilter } from './export-filter.ts'

export type CopyStatus = 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'

/** Why it failed, in AWS's codes. */
export type CopyFailure = { readonly code: string; readonly message: string }

type Asked = {
  /** As in its ARN: the time in milliseconds, 14 digits, and something random. */
  readonly id: string
  readonly status: CopyStatus
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

export type CopyJob = ExportJob | ImportJob

export const isUnderWay = ({ status }: CopyJob): boolean => status === 'IN_PROGRESS'

export const exportsUnderWay = (copies: readonly CopyJob[]): readonly ExportJob[] =>
  copies.filter((copy): copy is ExportJob => copy.kind === 'export' && isUnderWay(copy))

export const importsUnderWay = (copies: readonly CopyJob[]): readonly ImportJob[] =>
  copies.filter((copy): copy is ImportJob => copy.kind === 'import' && isUnderWay(copy))
