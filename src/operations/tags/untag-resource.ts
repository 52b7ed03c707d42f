import type { UntagResourceInput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import { inUse } from '../checks/table-exists.ts'
import type { Wire } from '../sdk-shape.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { noteOfOwnChange } from '../tables/cool-downs.ts'
import { taggedTable } from './tagged-table.ts'
import { assertTagsMayChange } from './tags.ts'

type Input = Wire<UntagResourceInput>

export const untagResource = defineControl<Input, undefined>({
  name: 'UntagResource',
  table: (input) => input.ResourceArn,
  checks: [atLeastOne],
  run: (input, context) => {
    const { name } = taggedTable(input.ResourceArn, context)
    return oneAtATime(context.engine, name, () => untag(input, context))
  },
})

async function untag(input: Input, context: OperationContext): Promise<undefined> {
  const table = taggedTable(input.ResourceArn, context)
  if (table.status === 'DELETING') throw inUse(table)
  assertTagsMayChange(table, undefined, context)
  const removed = new Set(input.TagKeys)
  const all = Object.entries(table.settings.tags)
  const left = all.filter(([key]) => !removed.has(key))
  if (left.length < all.length)
    await context.engine.define(table.id, [
      { register: 'local/tags', value: Object.fromEntries(left) },
      noteOfOwnChange(table, { tags: { atMs: context.env.clock.wallMs() } }),
    ])
  return undefined
}

function atLeastOne({ TagKeys = [] }: Input): void {
  if (TagKeys.length === 0) throw validationError('Atleast one Tag Key needs to be provided as Input.')
}
