/** Addresses and ranges of the conditions IpAddress and NotIpAddress: IPv4 and IPv6, with a prefix length or without. */

export type IpRange = { readonly address: bigint; readonly bits: 32 | 128; readonly prefix: number }

/** Undefined for what is no address and no range. */
export function parseIpRange(text: string): IpRange | undefined {
  const [given = '', length, ...more] = text.split('/')
  const address = parseAddress(given)
  if (address === undefined || more.length > 0) return undefined
  if (length === undefined) return { ...address, prefix: address.bits }
  if (!/^\d{1,3}$/.test(length) || Number(length) > address.bits) return undefined
  return { ...address, prefix: Number(length) }
}

export function isInRange(text: string, range: IpRange): boolean {
  const found = parseAddress(text)
  if (found === undefined || found.bits !== range.bits) return false
  const beyond = BigInt(range.bits - range.prefix)
  return found.address >> beyond === range.address >> beyond
}

type Address = Pick<IpRange, 'address' | 'bits'>

function parseAddress(text: string): Address | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1]
  const v4 = parseV4(mapped ?? text)
  if (v4 !== undefined) return { address: v4, bits: 32 }
  const v6 = parseV6(text)
  return v6 === undefined ? undefined : { address: v6, bits: 128 }
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
}

function parseV6(text: string): bigint | undefined {
  if (text.length > 45) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const given = head.length + (tail?.length ?? 0)
  if (tail === undefined ? given !== 8 : given > 7) return undefined
  const groups = tail === undefined ? head : [...head, ...Array<string>(8 - given).fill('0'), ...tail]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}
