/** What tells two requests with one token apart; the order of members counts, as the same client sends the same order. */
import { murmur3 } from '../../core/key/partition-hash.ts'

export function digestOf(value: unknown): string {
  const bytes = Buffer.from(JSON.stringify(value))
  const hash = [1, 2, 3, 4].map((seed) => (murmur3(bytes, 0, bytes.length, seed) >>> 0).toString(16).padStart(8, '0'))
  return `${bytes.length}-${hash.join('')}`
}
