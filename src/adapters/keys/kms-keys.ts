/** Keys of any endpoint that speaks AWS KMS, signed by Signature Version 4. */
import { hash } from 'node:crypto'
import { signingTime } from '../../core/auth/signing-time.ts'
import { type DataKey, type KeyContext, type KeyInfo, KeyRefusal, type KeyService } from '../../ports/key-service.ts'
import { KeyUnavailable } from '../../ports/keyring.ts'
import { KeyRequests } from './key-requests.ts'

export type ToSign = {
  readonly time: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly payloadHash: string
}

export type KmsEndpoint = {
  readonly endpoint: string
  /** Returns the value of the Authorization header. */
  readonly sign: (request: ToSign) => string
  readonly sessionToken?: string | undefined
  readonly msMax?: number
}

/** What says that the key cannot be used. Everything else, such as a wrong signature, says nothing of the key. */
const refusals = new Set([
  'AccessDeniedException',
  'DisabledException',
  'IncorrectKeyException',
  'InvalidArnException',
  'InvalidCiphertextException',
  'InvalidKeyUsageException',
  'KMSInvalidStateException',
  'NotFoundException',
  'UnsupportedOperationException',
  'ValidationException',
])

export class KmsKeys implements KeyService {
  readonly #endpoint: KmsEndpoint
  readonly #requests: KeyRequests

  constructor(endpoint: KmsEndpoint) {
    this.#endpoint = endpoint
    this.#requests = new KeyRequests(endpoint.endpoint, endpoint.msMax)
  }

  async describe(key: string): Promise<KeyInfo> {
    const { KeyMetadata: found } = await this.#ask('DescribeKey', { KeyId: key })
    const { Arn: arn, KeyState: state, KeyManager: manager, KeySpec: spec } = (found ?? {}) as Fields
    if (typeof arn !== 'string' || typeof state !== 'string') throw unreadable()
    return { arn, state, isSymmetric: (spec ?? symmetric) === symmetric, isManaged: manager === 'AWS' }
  }

  async generate(key: string, context: KeyContext): Promise<DataKey> {
    const input = { KeyId: key, KeySpec: 'AES_256', EncryptionContext: context }
    const answer = await this.#ask('GenerateDataKey', input)
    return { plain: bytesIn(answer, 'Plaintext'), encrypted: bytesIn(answer, 'CiphertextBlob') }
  }

  async encrypt(key: string, plain: Buffer, context: KeyContext): Promise<Buffer> {
    const input = { KeyId: key, Plaintext: plain.toString('base64'), EncryptionContext: context }
    return bytesIn(await this.#ask('Encrypt', input), 'CiphertextBlob')
  }

  async decrypt(key: string, encrypted: Buffer, context: KeyContext): Promise<Buffer> {
    const input = { KeyId: key, CiphertextBlob: encrypted.toString('base64'), EncryptionContext: context }
    return bytesIn(await this.#ask('Decrypt', input), 'Plaintext')
  }

  close(): void {
    this.#requests.close()
  }

  async #ask(operation: string, input: object): Promise<Fields> {
    const body = JSON.stringify(input)
    const { status, json } = await this.#requests.ask(() => ({
      method: 'POST',
      path: '/',
      body,
      headers: this.#headersOf(operation, body),
    }))
    const answer = (json ?? {}) as Fields
    if (status === 200) return answer
    const code = textIn(answer, '__type').replace(/^.*#/s, '')
    const message = textIn(answer, 'message') || textIn(answer, 'Message')
    if (refusals.has(code)) throw new KeyRefusal(code, message)
    throw new KeyUnavailable(`the key service at ${this.#endpoint.endpoint} answers ${status} ${code}: ${message}`)
  }

  #headersOf(operation: string, body: string): Record<string, string> {
    const { sign, sessionToken } = this.#endpoint
    const time = signingTime(Date.now())
    const headers: Record<string, string> = {
      'content-type': 'application/x-amz-json-1.1',
      host: this.#requests.host,
      'x-amz-date': time,
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
      'x-amz-target': `TrentService.${operation}`,
    }
    const signed = Object.entries(headers)
    return { ...headers, authorization: sign({ time, url: '/', headers: signed, payloadHash: hash('sha256', body) }) }
  }
}

type Fields = Readonly<Record<string, unknown>>

const symmetric = 'SYMMETRIC_DEFAULT'

function textIn(answer: Fields, name: string): string {
  const text = answer[name]
  return typeof text === 'string' ? text : ''
}

function bytesIn(answer: Fields, name: string): Buffer {
  const text = answer[name]
  if (typeof text !== 'string') throw unreadable()
  return Buffer.from(text, 'base64')
}

const unreadable = (): KeyUnavailable => new KeyUnavailable('the key service answers what AWS KMS does not')
