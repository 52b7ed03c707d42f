/** Who may sign. Policies, when there are any, belong to the principal that a signature proves. */
export type Credential = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials: requests carry it as X-Amz-Security-Token. */
  readonly sessionToken?: string
  readonly expiresMs?: number
}

/** By access key. Another map when anything of it has changed. */
export type Credentials = ReadonlyMap<string, Credential> & {
  /** Of temporary credentials that the deployment gives out itself. */
  readonly sessions?: Sessions | undefined
}

export type FoundSession = { readonly credential: Credential; readonly session: Session }

/** Returns the credential of an access key; that of a session only with its token. */
export function credentialOf(
  credentials: Credentials,
  accessKeyId: string,
  token: string | undefined,
): { readonly credential: Credential; readonly session: Session | undefined } | undefined {
  const credential = credentials.get(accessKeyId)
  if (credential !== undefined) return { credential, session: undefined }
  return token === undefined ? undefined : credentials.sessions?.find(accessKeyId, token)
}

export type Sessions = {
  /** Undefined where the token is none, or of another access key. */
  readonly find: (accessKeyId: string, token: string) => FoundSession | undefined
}

export type IssuedSession = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/** `random`: 16 bytes. */
export type IssueSession = (session: Session, random: Buffer) => IssuedSession

/** What a session of temporary credentials says of itself, proved by its token (http/access/session-keys.ts). */
export type Session = {
  /** The access key that asked for the session. */
  readonly issuer: string
  /** The ARN of the role; absent in a session of a user's or the root's own. */
  readonly roleArn?: string
  readonly userName?: string
  readonly name?: string
  /** Inline, as JSON text. */
  readonly policy?: string
  /** Managed ones, by ARN. */
  readonly policyArns?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
  readonly issuedMs: number
  readonly expiresMs: number
}

/** Whoever sent a request, proved by its signature. */
export type Principal = { readonly accessKeyId: string; readonly session?: Session }
