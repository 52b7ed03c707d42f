/**
 * A number whose bytes sort as it does: how DAX writes a sort key of type N behind its partition key. A number is 0.DIGITS × 10^exponent; the
 * first byte holds its sign and exponent, and the digits follow three by three, ten bits each. The last ten bits say how many of the last
 * three digits count. All but the first byte of a negative number is turned around.
 */
import { UnreadableCbor } from '../../cbor/major-types.ts'

const zeroByte = 0x80
const otherZeroByte = 0x7f
/** From here to its negative, an exponent is in the first byte. */
const shortExponentEnd = 0x3e
const positiveBase = 0xc0
const negativeBase = 0x3f
/** First bytes before an exponent of four bytes. */
const smallPositive = 0x81
const largePositive = 0xfe
const smallNegative = 0x7e
const largeNegative = 1
const positiveFlip = 0x80000000
const negativeFlip = 0x7fffffff
/** Added to three digits, so that the values below and above are free to end the number. */
const positiveOffset = 12
const negativeOffset = 999 + positiveOffset
const lastWord = 1023
/** Words of a number that is read: DynamoDB has 38 digits. */
const wordsMax = 64

/** Takes canonical text. */
export function encodeLexDecimal(text: string): Buffer {
  if (text === '0') return Buffer.of(zeroByte)
  const negative = text.startsWith('-')
  const { digits, exponent } = partsOf(negative ? text.slice(1) : text)
  return Buffer.concat([headOf(negative, exponent), wordsOf(negative, digits)])
}

function partsOf(text: string): { readonly digits: string; readonly exponent: number } {
  const [whole = '', fraction = ''] = text.split('.')
  const all = whole + fraction
  const digits = all.replace(/^0+/, '')
  return { digits, exponent: whole.length - (all.length - digits.length) }
}

function headOf(negative: boolean, exponent: number): Buffer {
  if (exponent >= -shortExponentEnd && exponent < shortExponentEnd)
    return Buffer.of(negative ? negativeBase - exponent : positiveBase + exponent)
  const head = Buffer.allocUnsafe(5)
  if (negative) head[0] = exponent < 0 ? smallNegative : largeNegative
  else head[0] = exponent < 0 ? smallPositive : largePositive
  head.writeInt32BE((exponent ^ (negative ? negativeFlip : positiveFlip)) | 0, 1)
  return head
}

function wordsOf(negative: boolean, digits: string): Buffer {
  const count = Math.ceil(digits.length / 3)
  const padded = digits.padEnd(count * 3, '0')
  const words: number[] = []
  for (let n = 0; n < count; n++) {
    const three = Number(padded.slice(n * 3, n * 3 + 3))
    words.push(negative ? negativeOffset - three : positiveOffset + three)
  }
  const counting = (digits.length + 2) % 3
  words.push(negative ? lastWord - counting : counting)
  return packed(words)
}

function packed(words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(Math.ceil((words.length * 10) / 8))
  let held = 0
  let bits = 0
  let at = 0
  for (const word of words) {
    held = ((held << 10) | word) & 0x3ffff
    bits += 10
    while (bits >= 8) bytes[at++] = (held >> (bits -= 8)) & 0xff
  }
  if (bits > 0) bytes[at] = (held << (8 - bits)) & 0xff
  return bytes
}

/** In DynamoDB's notation; not in canonical form. */
export function decodeLexDecimal(bytes: Buffer): string {
  const first = bytes[0]
  if (first === zeroByte || first === otherZeroByte) return '0'
  if (first === undefined || first === 0 || first === 0xff) throw new UnreadableCbor('no number where one belongs')
  const negative = first < zeroByte
  const { exponent, sizeBytes } = readHead(bytes, first, negative)
  const digits = readDigits(bytes, sizeBytes, negative)
  return `${negative ? '-' : ''}${digits}E${exponent - digits.length}`
}

function readHead(bytes: Buffer, first: number, negative: boolean) {
  if (first === smallPositive || first === largePositive || first === smallNegative || first === largeNegative) {
    if (bytes.length < 5) throw new UnreadableCbor('cut short')
    return { exponent: (bytes.readInt32BE(1) ^ (negative ? negativeFlip : positiveFlip)) | 0, sizeBytes: 5 }
  }
  return { exponent: negative ? negativeBase - first : first - positiveBase, sizeBytes: 1 }
}

function readDigits(bytes: Buffer, start: number, negative: boolean): string {
  let digits = ''
  for (let n = 0; n < wordsMax; n++) {
    const word = wordAt(bytes, start * 8 + n * 10)
    const value = negative ? lastWord - word : word
    if (value < 3) {
      if (digits === '') break
      return digits.slice(0, digits.length - 2 + value)
    }
    const three = negative ? negativeOffset - word : word - positiveOffset
    if (three < 0 || three > 999) break
    digits += String(three).padStart(3, '0')
  }
  throw new UnreadableCbor('a number that does not end')
}

function wordAt(bytes: Buffer, bit: number): number {
  const at = bit >> 3
  const [high, low] = [bytes[at], bytes[at + 1]]
  if (high === undefined || low === undefined) throw new UnreadableCbor('cut short')
  return (((high << 8) | low) >> (6 - (bit & 7))) & lastWord
}
