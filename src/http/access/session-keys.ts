/**
 * Tokens of temporary credentials. A token holds what its session is, with a seal; secret and seal follow from the deployment's session key and the
 * token's content. So every process that reads the same file of identities knows every session of every region, and none keeps any.
 *
 *   ls1.<claims as base64url>.<seal as base64url>
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { sessionTokenSizeMax } from '../../core/limits/access-limits.ts'
import type { FoundSession, IssuedSession, Session, Sessions } from '../../core/auth/credentials.ts'
import { isObject } from '../../core/wire/json.ts'

const form = 'ls1'
const secretLength = 40
const idAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const idLength = 16

export class SessionKeys implements Sessions {
  readonly #key: string

  constructor(key: string) {
    this.#key = key
  }

  /** `random`: 16 bytes. */
  issue(session: Session, random: Buffer): IssuedSession {
    const id = [...random.subarray(0, idLength)].map((byte) => idAlphabet[byte & 31]).join('')
    const accessKeyId = `ASIA${id}`
    const claims = Buffer.from(JSON.stringify(session)).toString('base64url')
    const seal = this.#mac('seal', accessKeyId, claims).toString('base64url')
    return {
      accessKeyId,
      secretAccessKey: this.#secret(accessKeyId, claims),
      sessionToken: `${form}.${claims}.${seal}`,
    }
  }

  find(accessKeyId: string, token: string): FoundSession | undefined {
    if (token.length > sessionTokenSizeMax) return undefined
    const [named, claims = '', seal = '', ...more] = token.split('.')
    if (named !== form || more.length > 0) return undefined
    const given = Buffer.from(seal, 'base64url')
    const expected = this.#mac('seal', accessKeyId, claims)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    const session = JSON.parse(Buffer.from(claims, 'base64url').toString()) as unknown
    if (!isObject(session)) return undefined
    const { expiresMs } = session as Session
    const secretAccessKey = this.#secret(accessKeyId, claims)
    return { credential: { accessKeyId, secretAccessKey, sessionToken: token, expiresMs }, session: session as Session }
  }

  #secret(accessKeyId: string, claims: string): string {
    return this.#mac('secret', accessKeyId, claims).toString('base64').slice(0, secretLength)
  }

  #mac(use: string, accessKeyId: string, claims: string): Buffer {
    return createHmac('sha256', this.#key).update(`longitude ${use}\n${accessKeyId}\n${claims}`).digest()
  }
}
