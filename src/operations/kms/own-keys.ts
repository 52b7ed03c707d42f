/** The region's own key service, as its encryption asks it: in this process, so that a start needs no port. */
import { ServiceError } from '../../core/errors.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { type DataKey, type KeyContext, type KeyInfo, KeyRefusal, type KeyService } from '../../ports/key-service.ts'
import { KeyUnavailable } from '../../ports/keyring.ts'
import type { Kms } from './kms.ts'

type Output = {
  readonly KeyMetadata?: { readonly Arn: string; readonly KeyManager: string; readonly KeyState: string }
  readonly CiphertextBlob?: Buffer
  readonly Plaintext?: Buffer
}

export class OwnKeys implements KeyService {
  readonly #kms: Kms

  constructor(kms: Kms) {
    this.#kms = kms
  }

  async describe(key: string): Promise<KeyInfo> {
    const { KeyMetadata } = await this.#ask('DescribeKey', { KeyId: key })
    const { Arn: arn = '', KeyState: state = '', KeyManager: manager } = KeyMetadata ?? {}
    return { arn, state, isSymmetric: true, isManaged: manager === 'AWS' }
  }

  async generate(key: string, context: KeyContext): Promise<DataKey> {
    const input = { KeyId: key, KeySpec: 'AES_256', EncryptionContext: context }
    const { Plaintext: plain, CiphertextBlob: encrypted } = await this.#ask('GenerateDataKey', input)
    return { plain: plain ?? Buffer.alloc(0), encrypted: encrypted ?? Buffer.alloc(0) }
  }

  async encrypt(key: string, plain: Buffer, context: KeyContext): Promise<Buffer> {
    const input = { KeyId: key, Plaintext: plain.toString('base64'), EncryptionContext: context }
    return (await this.#ask('Encrypt', input)).CiphertextBlob ?? Buffer.alloc(0)
  }

  async decrypt(key: string, encrypted: Buffer, context: KeyContext): Promise<Buffer> {
    const input = { KeyId: key, CiphertextBlob: encrypted.toString('base64'), EncryptionContext: context }
    return (await this.#ask('Decrypt', input)).Plaintext ?? Buffer.alloc(0)
  }

  async #ask(operation: string, input: object): Promise<Output> {
    try {
      return await Promise.resolve((this.#kms.run(operation, input) ?? {}) as Output)
    } catch (error) {
      if (error instanceof ServiceRefusal && error.status < 500) throw new KeyRefusal(error.type, error.message)
      if (error instanceof ServiceError) throw new KeyRefusal(error.code, error.message)
      throw new KeyUnavailable(error instanceof Error ? error.message : String(error), { cause: error })
    }
  }
}
