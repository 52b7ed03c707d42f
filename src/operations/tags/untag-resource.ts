import type { UntagResourceInput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import { inUse } from '../checks/table-exists.ts'
import type { Wire } from '../sdk-shape.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { taggedTable } from './tagged-table.ts'

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
  const removed = new Set(input.TagKeys)
  const left = Object.entries(table.settings.tags).filter(([key]) => !removed.has(key))
  await context.engine.define(table.id, [{ register: 'local/tags', value: Object.fromEntries(left) }])
  return undefined
}

function atLeastOne({ TagKeys = [] }: Input): void {
  if (TagKeys.length === 0) throw validationError('Atleast one Tag Key needs to be provided as Input.')
}
