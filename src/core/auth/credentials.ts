/** Who may sign. Policies, when there are any, belong to the principal that a signature proves. */
export type Credential = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials: requests carry it as X-Amz-Security-Token. */
  readonly sessionToken?: string
  readonly expiresMs?: number
}

/** By access key. Another map when anything of it has changed. */
export type Credentials = ReadonlyMap<string, Credential>

/** Whoever sent a request, proved by its signature. */
export type Principal = { readonly accessKeyId: string }
