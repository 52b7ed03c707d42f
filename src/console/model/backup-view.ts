/** Backups and recovery windows as the API tells them, for the page. Pure. */

export type BackupView = {
  readonly arn: string
  readonly name: string
  readonly table: string
  readonly atMs: number
  readonly status: string
  readonly bytes: number | undefined
}

type Fields = Readonly<Record<string, unknown>>

export function backupsIn(output: Fields): readonly BackupView[] {
  const list = Array.isArray(output['BackupSummaries']) ? (output['BackupSummaries'] as readonly Fields[]) : []
  return list
    .map((each) => ({
      arn: String(each['BackupArn']),
      name: String(each['BackupName']),
      table: String(each['TableName']),
      atMs: Number(each['BackupCreationDateTime'] ?? 0) * 1000,
      status: String(each['BackupStatus']),
      bytes: typeof each['BackupSizeBytes'] === 'number' ? each['BackupSizeBytes'] : undefined,
    }))
    .toSorted((a, b) => b.atMs - a.atMs)
}

/** Undefined where the table has no point-in-time recovery. */
export function recoveryIn(output: Fields): { readonly from: number; readonly to: number } | undefined {
  const description = (output['ContinuousBackupsDescription'] ?? {}) as Fields
  const recovery = (description['PointInTimeRecoveryDescription'] ?? {}) as Fields
  const [from, to] = [recovery['EarliestRestorableDateTime'], recovery['LatestRestorableDateTime']]
  if (recovery['PointInTimeRecoveryStatus'] !== 'ENABLED' || typeof from !== 'number' || typeof to !== 'number')
    return undefined
  return { from: from * 1000, to: to * 1000 }
}

export type Span = { readonly from: number; readonly to: number }

const spanMsMin = 60_000

/** From the first of the moments until now. */
export function spanOf(moments: readonly number[], nowMs: number): Span {
  const first = Math.min(nowMs - spanMsMin, ...moments)
  return { from: first, to: Math.max(nowMs, ...moments) }
}

/** In percent of the span. */
export function shareOf(atMs: number, { from, to }: Span): number {
  return Math.round(((atMs - from) / (to - from)) * 1000) / 10
}
