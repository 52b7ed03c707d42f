/**
 * NextToken: where a SELECT goes on. It names the statement that it belongs to, so that the token of one is not taken for
 * another's; what it says is otherwise checked like an ExclusiveStartKey, since clients can make it up.
 */
import type { Item } from '../../core/attribute/value.ts'
import { validationError } from '../../core/errors.ts'
import { murmur3 } from '../../core/key/partition-hash.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'

export type StatementToken = { readonly partition: number; readonly key?: Item }

export function encodeToken(statement: string, { partition, key }: StatementToken): string {
  return Buffer.from(JSON.stringify([digest(statement), partition, key ?? null])).toString('base64')
}

export function decodeToken(statement: string, token: string): StatementToken {
  const [digested, partition, key] = fields(token)
  if (digested !== digest(statement) || !Number.isInteger(partition) || Number(partition) < 0) throw invalid()
  if (key === null) return { partition: Number(partition) }
  if (!isItem(key)) throw invalid()
  checkValues(key)
  return { partition: Number(partition), key }
}

function fields(token: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64').toString())
    if (Array.isArray(parsed) && parsed.length === 3) return parsed
  } catch {
    // Falls through: whatever is wrong with it, it is none of our tokens.
  }
  throw invalid()
}

/** Key attributes only: one text or number member each. */
function isItem(value: unknown): value is Item {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((member: unknown) => {
      if (typeof member !== 'object' || member === null) return false
      const [entry, ...more] = Object.entries(member)
      return (
        entry !== undefined && more.length === 0 && ['S', 'N', 'B'].includes(entry[0]) && typeof entry[1] === 'string'
      )
    })
  )
}

function digest(statement: string): number {
  const bytes = Buffer.from(statement)
  return murmur3(bytes, 0, bytes.length, 0)
}

function invalid(): Error {
  return validationError('The provided NextToken is invalid')
}
