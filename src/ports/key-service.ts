/** The cryptography of a key service. */
/** Encrypts with a secret of 32 bytes, bound to a place. */
export interface KeySeal {
  seal(secret: Buffer, place: Buffer, plain: Buffer): Buffer
  /** Undefined for what was not sealed so. */
  open(secret: Buffer, place: Buffer, sealed: Buffer): Buffer | undefined
}
