/** A service that keeps keys and never gives them away: what is encrypted with one is decrypted by asking it. */

/** Bound to what is encrypted; given again to decrypt. */
export type KeyContext = Readonly<Record<string, string>>

export type KeyInfo = {
  /** The name that the key is known by from then on, whatever it was asked for by. */
  readonly arn: string
  /** `Enabled` is the only one in which it can be used. */
  readonly state: string
  /** Of its material, where the service says it: another one after a rotation. */
  readonly version?: string
  /** Whether it encrypts and decrypts with one secret. */
  readonly isSymmetric: boolean
  /** Whether it is the one that AWS makes for DynamoDB. */
  readonly isManaged: boolean
}

export type DataKey = { readonly plain: Buffer; readonly encrypted: Buffer }

/** Each rejects with a KeyRefusal for a key that cannot be used so, and with KeyUnavailable where the service cannot be asked. */
export interface KeyService {
  describe(key: string): Promise<KeyInfo>
  /** Makes 32 bytes that are random, and gives them encrypted too. */
  generate(key: string, context: KeyContext): Promise<DataKey>
  encrypt(key: string, plain: Buffer, context: KeyContext): Promise<Buffer>
  decrypt(key: string, encrypted: Buffer, context: KeyContext): Promise<Buffer>
}

/** The service has answered that this cannot be done with this key. `code` and the message are those of AWS KMS. */
export class KeyRefusal extends Error {
  override readonly name = 'KeyRefusal'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Encrypts with a secret of 32 bytes, bound to a place. */
export interface KeySeal {
  seal(secret: Buffer, place: Buffer, plain: Buffer): Buffer
  /** Undefined for what was not sealed so. */
  open(secret: Buffer, place: Buffer, sealed: Buffer): Buffer | undefined
}
