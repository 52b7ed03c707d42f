/** Tags of a table: this region's own, as AWS does not replicate them. */
import type { Tag } from '@aws-sdk/client-dynamodb'
import { ServiceError, validationError } from '../../core/errors.ts'
import { tagsMax } from '../../core/limits/limits.ts'
import type { Table } from '../../core/table/table.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { tagsUnderWay } from '../tables/cool-downs.ts'

export function checkTags(tags: readonly Wire<Tag>[]): void {
  const keys = new Set(tags.map((tag) => tag.Key))
  if (keys.size < tags.length) throw validationError('One or more parameter values were invalid: Duplicate tag keys')
  if (tags.length > tagsMax)
    throw validationError(`One or more parameter values were invalid: Too many tags, at most ${tagsMax} are allowed`)
  if (tags.some(({ Key = '', Value = '' }) => !tagText.test(Key) || !tagText.test(Value)))
    throw validationError(
      'One or more parameter values were invalid: Tag keys and values may have letters, digits, blanks and the characters _.:/=+-@ only',
    )
  if (tags.some((tag) => tag.Key?.startsWith('aws:') === true))
    throw validationError('One or more parameter values were invalid: Tag keys must not start with aws:')
}

/** Of AWS's guide to tags. */
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** Built from entries, since a tag may be called __proto__. */
export const tagsFrom = (tags: readonly Wire<Tag>[]): Readonly<Record<string, string>> =>
  Object.fromEntries(tags.map((tag) => [tag.Key ?? '', tag.Value ?? '']))

type Tags = Readonly<Record<string, string>>

export const holdsAll = (all: Tags, part: Tags): boolean =>
  Object.entries(part).every(([key, value]) => Object.hasOwn(all, key) && all[key] === value)

/**
 * While a change of tags is under way, one that gives its tags again, beside others or not, is taken, and no other. `given` is undefined for tags
 * that are to go.
 */
export function assertTagsMayChange(table: Table, given: Tags | undefined, context: OperationContext): void {
  const pending = tagsUnderWay(table, context)
  if (pending === undefined) return
  if (given === undefined || pending.given === undefined || !holdsAll(given, pending.given))
    throw new ServiceError(
      'LimitExceededException',
      `Subscriber limit exceeded: Table tags are being updated: ${table.name}`,
    )
}
