import type { ListTagsOfResourceInput, ListTagsOfResourceOutput } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { taggedTable } from './tagged-table.ts'

/** A table has fifty tags at most, so that one answer has them all. */
export const listTagsOfResource = defineControl<Wire<ListTagsOfResourceInput>, Wire<ListTagsOfResourceOutput>>({
  name: 'ListTagsOfResource',
  table: (input) => input.ResourceArn,
  checks: [],
  run: (input, context) => {
    const { tags } = taggedTable(input.ResourceArn, context).settings
    return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }
  },
})
