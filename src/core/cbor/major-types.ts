/** CBOR's words: a first byte is a major type (its upper three bits) and what follows it (its lower five). */
export const unsigned = 0
export const negative = 1
export const byteText = 2
export const text = 3
export const array = 4
export const map = 5
export const tag = 6
export const simple = 7

/** In the lower five bits. Below 24 they are the argument itself; 24 to 27 say that it follows, in 1, 2, 4 or 8 bytes. */
export const oneByte = 24
export const twoBytes = 25
export const fourBytes = 26
export const eightBytes = 27
export const indefinite = 31

export const falseByte = 0xf4
export const trueByte = 0xf5
export const nullByte = 0xf6
export const undefinedByte = 0xf7
export const halfByte = 0xf9
export const singleByte = 0xfa
export const doubleByte = 0xfb
export const breakByte = 0xff

export const positiveBignumTag = 2
export const negativeBignumTag = 3

/** Bytes that are not CBOR, or are more than the reader takes. */
export class UnreadableCbor extends RangeError {
  override readonly name = 'UnreadableCbor'
}

/** Refuses bytes that are not UTF-8. */
export function decodeText(bytes: Buffer): string {
  const decoded = bytes.toString('utf8')
  if (decoded.includes('\uFFFD') && !Buffer.from(decoded).equals(bytes))
    throw new UnreadableCbor('text that is not UTF-8')
  return decoded
}
