/**
 * The form of a ciphertext of the key service, without its cryptography:
 *
 *   format u8 (0x4c) · id of the key, 36 bytes · number of the key's material u16 · sealed bytes
 *
 * All before the sealed bytes, and the encryption context, are the place that the seal is bound to.
 */
const format = 0x4c
const idSizeBytes = 36
const headSizeBytes = 1 + idSizeBytes + 2

export type Ciphertext = { readonly keyId: string; readonly material: number; readonly sealed: Buffer }
export type EncryptionContext = Readonly<Record<string, string>>

export function headOf(keyId: string, material: number): Buffer {
  const head = Buffer.alloc(headSizeBytes)
  head[0] = format
  head.write(keyId, 1, 'latin1')
  head.writeUInt16BE(material, 1 + idSizeBytes)
  return head
}

/** Undefined for what is no ciphertext of this service. */
export function ciphertextIn(bytes: Buffer): Ciphertext | undefined {
  if (bytes.length <= headSizeBytes || bytes[0] !== format) return undefined
  return {
    keyId: bytes.toString('latin1', 1, 1 + idSizeBytes),
    material: bytes.readUInt16BE(1 + idSizeBytes),
    sealed: bytes.subarray(headSizeBytes),
  }
}

/** The order of the pairs does not count (KMS developer guide, encryption context). */
export function placeOf(head: Buffer, context: EncryptionContext = {}): Buffer {
  const pairs = Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.concat([head, Buffer.from(JSON.stringify(pairs))])
}
