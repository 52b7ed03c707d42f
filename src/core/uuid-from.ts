import { murmur3 } from './key/partition-hash.ts'

/** The UUID of a text: the same text has the same one everywhere. In the form of version 4, as AWS's are. */
export function uuidFrom(text: string): string {
  const bytes = Buffer.from(text)
  const hex = [1, 2, 3, 4]
    .map((seed) => (murmur3(bytes, 0, bytes.length, seed) >>> 0).toString(16).padStart(8, '0'))
    .join('')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-')
}
