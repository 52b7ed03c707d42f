import type { TagResourceInput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { tagsMax } from '../../core/limits/limits.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import { inUse } from '../checks/table-exists.ts'
import type { Wire } from '../sdk-shape.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { taggedTable } from './tagged-table.ts'
import { noteOfOwnChange } from '../tables/cool-downs.ts'
import { assertTagsMayChange, checkTags, holdsAll, tagsFrom } from './tags.ts'

type Input = Wire<TagResourceInput>

export const tagResource = defineControl<Input, undefined>({
  name: 'TagResource',
  table: (input) => input.ResourceArn,
  checks: [atLeastOne],
  run: (input, context) => {
    const { name } = taggedTable(input.ResourceArn, context)
    return oneAtATime(context.engine, name, () => tag(input, context))
  },
})

async function tag(input: Input, context: OperationContext): Promise<undefined> {
  const table = taggedTable(input.ResourceArn, context)
  if (table.status === 'DELETING') throw inUse(table)
  const given = tagsFrom(input.Tags ?? [])
  assertTagsMayChange(table, given, context)
  const tags = { ...table.settings.tags, ...given }
  if (Object.keys(tags).length > tagsMax)
    throw validationError(`One or more parameter values were invalid: Too many tags, at most ${tagsMax} are allowed`)
  if (!holdsAll(table.settings.tags, given))
    await context.engine.define(table.id, [
      { register: 'local/tags', value: tags },
      noteOfOwnChange(table, { tags: { atMs: context.env.clock.wallMs(), given } }),
    ])
  return undefined
}

function atLeastOne({ Tags = [] }: Input): void {
  if (Tags.length === 0) throw validationError('Atleast one Tag needs to be provided as Input.')
  checkTags(Tags)
}
