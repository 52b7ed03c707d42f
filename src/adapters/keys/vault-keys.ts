/**
 * Keys of a transit engine of HashiCorp Vault (API documentation, "Transit secrets engine"). A key of Vault is named by the last part of an ARN, so that
 * tables may name it as they name keys of KMS. What is encrypted is bound to its context as associated data, and as context where the key is derived.
 */
import { randomBytes } from 'node:crypto'
import { type DataKey, type KeyContext, type KeyInfo, KeyRefusal, type KeyService } from '../../ports/key-service.ts'
import { KeyUnavailable } from '../../ports/keyring.ts'
import { dataKeySizeBytes } from '../encryption/value-cipher.ts'
import { KeyRequests } from './key-requests.ts'

export type VaultEndpoint = {
  readonly endpoint: string
  /** Of the engine: `transit`. */
  readonly mount: string
  readonly namespace?: string | undefined
  /** Read for every request, since it is renewed. Throws KeyUnavailable. */
  readonly token: () => string
  /** Returns the ARN that a key of Vault is known by. */
  readonly arnOf: (name: string) => string
  readonly msMax?: number
}

export class VaultKeys implements KeyService {
  readonly #endpoint: VaultEndpoint
  readonly #requests: KeyRequests

  constructor(endpoint: VaultEndpoint) {
    this.#endpoint = endpoint
    this.#requests = new KeyRequests(endpoint.endpoint, endpoint.msMax)
  }

  async describe(key: string): Promise<KeyInfo> {
    const name = nameOf(key)
    const data = await this.#ask('GET', `keys/${encodeURIComponent(name)}`)
    const { latest_version: latest, keys, supports_encryption: encrypts, supports_decryption: decrypts, type } = data
    const version = typeof latest === 'number' ? latest : Math.max(0, ...Object.keys(keys ?? {}).map(Number))
    return {
      arn: this.#endpoint.arnOf(name),
      state: data['soft_deleted'] === true ? 'Disabled' : 'Enabled',
      version: String(version),
      isSymmetric: encrypts === true && decrypts === true && !String(type).startsWith('rsa'),
      isManaged: false,
    }
  }

  /** Not by Vault's own operation for it, which binds nothing to a context unless the key is derived. */
  async generate(key: string, context: KeyContext): Promise<DataKey> {
    const plain = randomBytes(dataKeySizeBytes)
    return { plain, encrypted: await this.encrypt(key, plain, context) }
  }

  async encrypt(key: string, plain: Buffer, context: KeyContext): Promise<Buffer> {
    const input = { plaintext: plain.toString('base64'), ...boundTo(context) }
    const { ciphertext } = await this.#ask('POST', `encrypt/${encodeURIComponent(nameOf(key))}`, input)
    if (typeof ciphertext !== 'string') throw unreadable()
    return Buffer.from(ciphertext)
  }

  async decrypt(key: string, encrypted: Buffer, context: KeyContext): Promise<Buffer> {
    const input = { ciphertext: encrypted.toString('utf8'), ...boundTo(context) }
    const { plaintext } = await this.#ask('POST', `decrypt/${encodeURIComponent(nameOf(key))}`, input)
    if (typeof plaintext !== 'string') throw unreadable()
    return Buffer.from(plaintext, 'base64')
  }

  close(): void {
    this.#requests.close()
  }

  async #ask(method: 'GET' | 'POST', path: string, input?: object): Promise<Readonly<Record<string, unknown>>> {
    const { mount, namespace, token } = this.#endpoint
    const { status, json } = await this.#requests.ask(() => ({
      method,
      path: `/v1/${mount}/${path}`,
      headers: {
        'content-type': 'application/json',
        host: this.#requests.host,
        'x-vault-request': 'true',
        'x-vault-token': token(),
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      },
      ...(input === undefined ? {} : { body: JSON.stringify(input) }),
    }))
    const { data, errors } = (json ?? {}) as { readonly data?: unknown; readonly errors?: unknown }
    if (status === 200 && typeof data === 'object' && data !== null) return data as Readonly<Record<string, unknown>>
    const message = Array.isArray(errors) ? errors.map(String).join('; ') : ''
    if (status === 404) throw new KeyRefusal('NotFoundException', `Vault has no ${path}`)
    if (status === 400) throw new KeyRefusal(codeOf(message), `Vault refuses ${path}: ${message}`)
    // A token that has expired is refused in the same words as one without the right: that says nothing of the key.
    throw new KeyUnavailable(`Vault at ${this.#endpoint.endpoint} answers ${status} for ${path}: ${message}`)
  }
}

const codeOf = (message: string): string =>
  /not found/.test(message) ? 'NotFoundException' : 'InvalidCiphertextException'

/** `key/NAME` of an ARN, or the name itself. */
function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}

function boundTo(context: KeyContext): { readonly associated_data: string; readonly context: string } {
  const pairs = Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const text = Buffer.from(JSON.stringify(pairs)).toString('base64')
  return { associated_data: text, context: text }
}

const unreadable = (): KeyUnavailable => new KeyUnavailable('Vault answers what its documentation does not')
