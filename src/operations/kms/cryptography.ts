/** Encrypting, decrypting, and data keys. */
import { ServiceError } from '../../core/errors.ts'
import { ciphertextIn, type EncryptionContext, headOf, placeOf } from '../../core/kms/ciphertext.ts'
import { arnOfKey, findKey, refused, requireUsable } from '../../core/kms/find-key.ts'
import { type KmsKey, materialOf } from '../../core/kms/key-states.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { type Asked, type Handlers, type Input, keyOf } from './kms-handler.ts'

const algorithm = 'SYMMETRIC_DEFAULT'

export const cryptographyHandlers: Handlers = {
  Encrypt: (asked) => {
    const { input } = asked
    refuseAlgorithm(input.EncryptionAlgorithm)
    const key = usable(asked)
    refuseDryRun(input)
    const plain = Buffer.from(input.Plaintext ?? '', 'base64')
    return {
      output: {
        CiphertextBlob: encrypted(asked, { key, plain, context: input.EncryptionContext }),
        KeyId: arnOfKey(asked.place, key.id),
        EncryptionAlgorithm: algorithm,
      },
    }
  },
  Decrypt: (asked) => {
    const { input, place } = asked
    refuseRecipient(input)
    refuseAlgorithm(input.EncryptionAlgorithm)
    const { CiphertextBlob: bytes, KeyId: keyId, EncryptionContext: context } = input
    const { key, plain, material } = decrypted(asked, { bytes, keyId, context })
    refuseDryRun(input)
    return {
      output: {
        KeyId: arnOfKey(place, key.id),
        Plaintext: plain,
        EncryptionAlgorithm: algorithm,
        KeyMaterialId: material,
      },
    }
  },
  ReEncrypt: (asked) => {
    const { input, all, place } = asked
    refuseAlgorithm(input.SourceEncryptionAlgorithm)
    refuseAlgorithm(input.DestinationEncryptionAlgorithm)
    const { CiphertextBlob: bytes, SourceKeyId: keyId, SourceEncryptionContext: context } = input
    const { key: source, plain, material } = decrypted(asked, { bytes, keyId, context })
    const key = requireUsable(findKey(all, place, input.DestinationKeyId ?? ''), place)
    refuseDryRun(input)
    return {
      output: {
        CiphertextBlob: encrypted(asked, { key, plain, context: input.DestinationEncryptionContext }),
        SourceKeyId: arnOfKey(place, source.id),
        KeyId: arnOfKey(place, key.id),
        SourceEncryptionAlgorithm: algorithm,
        DestinationEncryptionAlgorithm: algorithm,
        SourceKeyMaterialId: material,
        DestinationKeyMaterialId: materialOf(key).id,
      },
    }
  },
  GenerateDataKey: (asked) => ({ output: dataKey(asked) }),
  GenerateDataKeyWithoutPlaintext: (asked) => {
    const { Plaintext: _, ...rest } = dataKey(asked)
    return { output: rest }
  },
}

function dataKey(asked: Asked): Record<string, unknown> {
  const { input, random, place } = asked
  const { KeySpec: spec, NumberOfBytes: count, EncryptionContext: context } = input
  refuseRecipient(input)
  if ((spec === undefined) === (count === undefined))
    throw new ServiceError('ValidationException', 'Please specify either number of bytes or key spec.')
  const key = usable(asked)
  refuseDryRun(input)
  const plain = random.bytes(count ?? (spec === 'AES_128' ? 16 : 32))
  return {
    CiphertextBlob: encrypted(asked, { key, plain, context }),
    Plaintext: plain,
    KeyId: arnOfKey(place, key.id),
    KeyMaterialId: materialOf(key).id,
  }
}

const usable = (asked: Asked): KmsKey => requireUsable(keyOf(asked), asked.place)

type ToEncrypt = {
  readonly key: KmsKey
  readonly plain: Buffer
  readonly context: EncryptionContext | undefined
}

function encrypted({ seal }: Asked, { key, plain, context }: ToEncrypt): Buffer {
  const head = headOf(key.id, key.materials.length - 1)
  const secret = Buffer.from(materialOf(key).secret, 'base64')
  return Buffer.concat([head, seal.seal(secret, placeOf(head, context), plain)])
}

type ToDecrypt = {
  readonly bytes: string | undefined
  readonly keyId: string | undefined
  readonly context: EncryptionContext | undefined
}

/** AWS says of a ciphertext that it does not know, or that was made with another context, nothing but that. */
function decrypted({ all, place, seal }: Asked, { bytes = '', keyId, context }: ToDecrypt) {
  const named = keyId === undefined ? undefined : findKey(all, place, keyId)
  const found = ciphertextIn(Buffer.from(bytes, 'base64'))
  if (found === undefined) throw invalidCiphertext()
  const key = all.keys.find(({ id }) => id === found.keyId)
  if (key === undefined) throw invalidCiphertext()
  if (named !== undefined && named.id !== key.id)
    throw refused(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    )
  requireUsable(key, place)
  const material = key.materials[found.material]
  if (material === undefined) throw invalidCiphertext()
  const head = headOf(key.id, found.material)
  const plain = seal.open(Buffer.from(material.secret, 'base64'), placeOf(head, context), found.sealed)
  if (plain === undefined) throw invalidCiphertext()
  return { key, plain, material: material.id }
}

const invalidCiphertext = (): ServiceRefusal => refused('InvalidCiphertextException', '')

function refuseDryRun({ DryRun: isDry }: Input): void {
  if (isDry === true)
    throw new ServiceRefusal(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
      { status: 412 },
    )
}

function refuseRecipient({ Recipient: recipient }: Input): void {
  if (recipient !== undefined)
    throw refused('UnsupportedOperationException', 'Recipient: the key service of Longitude does not have it')
}

function refuseAlgorithm(given: string | undefined): void {
  if ((given ?? algorithm) !== algorithm)
    throw refused('InvalidKeyUsageException', `The encryption algorithm ${given ?? ''} is not one of this key.`)
}
