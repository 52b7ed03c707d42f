/** ASN.1 in its distinguished encoding, as much of it as a certificate needs (X.690). */
export function sequence(...parts: readonly Buffer[]): Buffer {
  return element(0x30, ...parts)
}

export function set(...parts: readonly Buffer[]): Buffer {
  return element(0x31, ...parts)
}

export function octets(...parts: readonly Buffer[]): Buffer {
  return element(0x04, ...parts)
}

export function utf8(text: string): Buffer {
  return element(0x0c, Buffer.from(text, 'utf8'))
}

export const yes = element(0x01, Buffer.from([0xff]))

/** Positive, from its bytes: a first bit that is set would make it negative. */
export function integer(bytes: Buffer): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const digits = bytes.subarray(start)
  return (digits[0] ?? 0) > 0x7f ? element(0x02, Buffer.from([0]), digits) : element(0x02, digits)
}

/** Whole bytes, or as many bits as are left of the last one. */
export function bits(bytes: Buffer, unusedBits = 0): Buffer {
  return element(0x03, Buffer.from([unusedBits]), bytes)
}

/** Such as `2.5.29.17`. */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** In the form that X.509 wants of a year before 2050, and the other from then on. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return date.getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(digits.slice(2), 'ascii'))
    : element(0x18, Buffer.from(digits, 'ascii'))
}

/** A part that its number, and not its type, says what it is. */
export function tagged(number: number, content: Buffer, { constructed = true } = {}): Buffer {
  return element(0x80 | (constructed ? 0x20 : 0) | number, content)
}

function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content])
}

function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const digits: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  return [0x80 | digits.length, ...digits]
}

function base128(value: number): readonly number[] {
  const digits = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(0x80 | (rest % 128))
  return digits
}
