/**
 * What a blob holds around its content, so that one that is torn, damaged or another's is told from the one that was written:
 *
 *   LNGTBLOB · format u8 · checksum u32 over what follows · length of the name u16 · name · length of the content u48 · content
 */
import { assert } from '../assert.ts'
import { checksum } from '../checksum.ts'
import { blobNameBytesMax } from '../limits/archive-limits.ts'

const magic = Buffer.from('LNGTBLOB')
const formatVersion = 1
const checkedFrom = magic.length + 5
const headSizeBytes = checkedFrom + 2
const lengthSizeBytes = 6

/** A blob that is not what was written under its name. It is never read from. */
export class BlobUnusable extends Error {
  override readonly name = 'BlobUnusable'

  constructor(blob: string, reason: string) {
    super(`the blob ${blob} is not used: ${reason}`)
  }
}

export function sealBlob(name: string, parts: readonly Uint8Array[]): Buffer {
  const nameBytes = Buffer.from(name)
  assert(nameBytes.length > 0 && nameBytes.length <= blobNameBytesMax, 'blob: a name')
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = Buffer.alloc(headSizeBytes + nameBytes.length + lengthSizeBytes)
  magic.copy(head)
  head[magic.length] = formatVersion
  head.writeUInt16BE(nameBytes.length, checkedFrom)
  nameBytes.copy(head, headSizeBytes)
  head.writeUIntBE(length, headSizeBytes + nameBytes.length, lengthSizeBytes)
  const bytes = Buffer.concat([head, ...parts])
  bytes.writeUInt32BE(checksum(bytes, checkedFrom, bytes.length), magic.length + 1)
  return bytes
}

/** The content; a view. Throws BlobUnusable. */
export function openBlob(name: string, bytes: Buffer): Buffer {
  const refuse = (reason: string): BlobUnusable => new BlobUnusable(name, reason)
  if (bytes.length < headSizeBytes || bytes.compare(magic, 0, magic.length, 0, magic.length) !== 0)
    throw refuse('it is no blob of Longitude')
  const format = bytes[magic.length]
  if (format !== formatVersion) throw refuse(`it has format ${format}, which this version does not read`)
  const contentFrom = headSizeBytes + bytes.readUInt16BE(checkedFrom) + lengthSizeBytes
  if (bytes.length < contentFrom) throw refuse('it is torn')
  const length = bytes.readUIntBE(contentFrom - lengthSizeBytes, lengthSizeBytes)
  if (bytes.length !== contentFrom + length)
    throw refuse(`it is torn: it has ${bytes.length} bytes of ${contentFrom + length}`)
  if (bytes.readUInt32BE(magic.length + 1) !== checksum(bytes, checkedFrom, bytes.length))
    throw refuse('its checksum is wrong')
  const written = bytes.toString('utf8', headSizeBytes, contentFrom - lengthSizeBytes)
  if (written !== name) throw refuse(`it was written as ${written}`)
  return bytes.subarray(contentFrom)
}
