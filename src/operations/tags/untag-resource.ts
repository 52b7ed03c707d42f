import type { UntagResourceInput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { defineOperation } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { taggedTable } from './tagged-table.ts'

export const untagResource = defineOperation<Wire<UntagResourceInput>, undefined>({
  name: 'UntagResource',
  kind: 'control',
  tables: (input) => [input.ResourceArn],
  checks: [atLeastOne],
  run: async (input, context) => {
    const table = taggedTable(input.ResourceArn, context)
    const removed = new Set(input.TagKeys)
    const left = Object.entries(table.settings.tags).filter(([key]) => !removed.has(key))
    await context.engine.define(table.id, [{ register: 'local/tags', value: Object.fromEntries(left) }])
    return undefined
  },
})

function atLeastOne({ TagKeys = [] }: Wire<UntagResourceInput>): void {
  if (TagKeys.length === 0) throw validationError('Atleast one Tag Key needs to be provided as Input.')
}
