/** Who has asked for what, and what came of it: for the operator, never with items, values or secrets. */
export type AuditEntry = {
  /** As signatures name it; absent for DynamoDB. */
  readonly service?: string | undefined
  readonly operation: string
  /** `ok`, or the code of the error. */
  readonly outcome: string
  readonly requestId: string
  readonly accessKeyId?: string | undefined
  /** The ARN of the role of temporary credentials. */
  readonly role?: string | undefined
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
  /** Tables, streams and backups, as the request names them; of other services ARNs, where they know them. */
  readonly resources: readonly string[]
}

export interface Audit {
  /** Whether entries of reading and writing items are taken, beside those of everything else. */
  readonly data: boolean
  write(entry: AuditEntry): void
}
