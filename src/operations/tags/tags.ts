/** Tags of a table: this region's own, as AWS does not replicate them. */
import type { Tag } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { tagsMax } from '../../core/limits.ts'
import type { Wire } from '../sdk-shape.ts'

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
