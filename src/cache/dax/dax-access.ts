/**
 * Policies before DAX's protocol: whether a client may use the cluster, and with whose rights the cluster uses the tables. As on AWS these are two questions: a client needs `dax:…` on the cluster and
 * nothing of DynamoDB, and the cluster has rights of its own. Here they are those of the account's root, so that no role has to be given to it.
 */
import { randomBytes } from 'node:crypto'
import type { Identities } from '../../core/access/identities/identities.ts'
import type { Credentials } from '../../core/auth/credentials.ts'
import type { DaxAction } from '../../core/dax/actions.ts'
import { daxOwnSessionMs } from '../../core/limits/dax-limits.ts'
import { SessionKeys } from '../../http/access/session-keys.ts'
import { Access, type AccessMode, type AccessEnv } from '../../operations/access/authorizer.ts'
import type { Sender } from '../../operations/operation.ts'
import { clusterArn } from './dax-cluster.ts'
import type { DaxPrincipal } from './principal.ts'

export type DaxAccessOptions = {
  readonly mode: AccessMode
  readonly identities: () => Identities
  readonly credentials: () => Credentials
  readonly region: string
  readonly accountId: string
  readonly env: AccessEnv
}

type Own = { readonly key: string; readonly renewMs: number; readonly principal: DaxPrincipal }

export class DaxAccess {
  readonly #options: DaxAccessOptions
  readonly #access: Access
  readonly #resource: string
  /** The same for as long as the process runs, so that what is kept for one session is there for the next. */
  readonly #random = randomBytes(16)
  #own: Own | undefined

  constructor(options: DaxAccessOptions) {
    this.#options = options
    this.#access = new Access(options)
    this.#resource = clusterArn(options)
  }

  get mode(): AccessMode {
    return this.#options.mode
  }

  /** Throws the ServiceError that the request is refused with. */
  permit(principal: Pick<DaxPrincipal, 'accessKeyId' | 'session'>, asked: DaxAction, sender?: Sender): void {
    const { env } = this.#options
    const resource = this.#resource
    this.#access.authorizeAction({ ...asked, resource, principal, sender }, { env, settings: this.#options })
  }

  /**
   * Whom the region is asked as: a session of the account's root, which needs the file's session key, or a key of the root. Undefined where there is neither: then each client is asked for as itself, and
   * needs the rights of DynamoDB as well.
   */
  actsAs(): DaxPrincipal | undefined {
    const { sessionKey } = this.#options.identities().definitions
    return sessionKey === undefined ? this.#rootKey() : this.#session(sessionKey)
  }

  #session(key: string): DaxPrincipal {
    const { env, region } = this.#options
    const nowMs = env.clock.wallMs()
    if (this.#own?.key === key && nowMs < this.#own.renewMs) return this.#own.principal
    const session = { issuer: 'dax', name: 'dax', issuedMs: nowMs, expiresMs: nowMs + daxOwnSessionMs }
    const { accessKeyId, sessionToken } = new SessionKeys(key).issue(session, this.#random)
    const principal = { accessKeyId, region, sessionToken }
    this.#own = { key, renewMs: nowMs + daxOwnSessionMs / 2, principal }
    return principal
  }

  /** One of the file of credentials alone that does not end. */
  #rootKey(): DaxPrincipal | undefined {
    const { userOfKey } = this.#options.identities()
    for (const { accessKeyId, sessionToken, expiresMs } of this.#options.credentials().values())
      if (expiresMs === undefined && !userOfKey.has(accessKeyId))
        return { accessKeyId, region: this.#options.region, sessionToken }
    return undefined
  }
}
