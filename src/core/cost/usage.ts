/** What was observed of a table in one region. */

/** Units of one minute. */
export type Minute = { readonly atMs: number; readonly units: number }

/** A table with its local indexes, or one global index. */
export type ResourceUsage = {
  /** Undefined for the table itself. */
  readonly index: string | undefined
  readonly reads: readonly Minute[]
  readonly writes: readonly Minute[]
  /** As it is set now; undefined on demand. */
  readonly provisioned: { readonly reads: number; readonly writes: number } | undefined
}

export type TableUsage = {
  readonly region: string
  readonly table: string
  readonly billingMode: 'PAY_PER_REQUEST' | 'PROVISIONED'
  readonly isInfrequent: boolean
  /** All regions with a replica, this one among them. */
  readonly regions: readonly string[]
  /** Of the table and its indexes, without what AWS adds for each item. */
  readonly storedBytes: number
  readonly storedItems: number
  readonly resources: readonly ResourceUsage[]
  readonly expiredItems: number
  /** Calls of GetRecords, triggers not among them. */
  readonly streamReads: number
  readonly hasRecovery: boolean
  readonly backupBytes: number
  readonly feedsKinesis: boolean
}

export type Usage = { readonly fromMs: number; readonly toMs: number; readonly tables: readonly TableUsage[] }
