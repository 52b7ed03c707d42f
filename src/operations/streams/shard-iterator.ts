/**
 * A shard iterator says all of itself: `<ARN of the stream>|1|<the rest in base64>`. So any process of the region can go on with it, also after a restart. It
 * gives its holder nothing that GetShardIterator would not give him; its checksum only tells a text that was cut or made up.
 */
import type { Position } from '../../core/change/change.ts'
import { checksum } from '../../core/checksum.ts'
import { validationError } from '../../core/errors.ts'

export type ShardIterator = {
  readonly arn: string
  readonly shard: string
  /** Records behind this position are to come. */
  readonly after: Position
  /** It begins with the oldest record that there is: nothing before that was asked for. */
  readonly fromOldest: boolean
  readonly issuedMs: number
}

export function encodeIterator({ arn, shard, after, fromOldest, issuedMs }: ShardIterator): string {
  const text = JSON.stringify([shard, after, fromOldest ? 1 : 0, issuedMs])
  return `${arn}|1|${Buffer.from(`${text}${checksumText(arn, text)}`).toString('base64')}`
}

export function decodeIterator(iterator: string): ShardIterator {
  const [arn = '', version, base64 = '', ...more] = iterator.split('|')
  const bytes = Buffer.from(base64, 'base64').toString('latin1')
  const text = bytes.slice(0, -checksumDigits)
  if (version !== '1' || more.length > 0 || bytes.slice(-checksumDigits) !== checksumText(arn, text)) throw invalid()
  const [shard, after, fromOldest, issuedMs] = JSON.parse(text) as [string, number, number, number]
  return { arn, shard, after, fromOldest: fromOldest === 1, issuedMs }
}

const checksumDigits = 8

function checksumText(arn: string, text: string): string {
  const bytes = Buffer.from(`${arn}|${text}`)
  return checksum(bytes, 0, bytes.length).toString(16).padStart(checksumDigits, '0')
}

const invalid = (): Error => validationError('Invalid ShardIterator')
