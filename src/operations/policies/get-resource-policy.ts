import type { GetResourcePolicyInput, GetResourcePolicyOutput } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { checkResourceArn, holderOf, noPolicy, tableArnIn } from './policy-holder.ts'

export const getResourcePolicy = defineControl<Wire<GetResourcePolicyInput>, Wire<GetResourcePolicyOutput>>({
  name: 'GetResourcePolicy',
  table: (input) => tableArnIn(input.ResourceArn),
  resource: (input) => input.ResourceArn,
  checks: [checkResourceArn],
  run: ({ ResourceArn: arn = '' }, context) => {
    const { kept } = holderOf(arn, context)
    if (kept?.text === undefined) throw noPolicy(arn)
    return { Policy: kept.text, RevisionId: kept.revisionId }
  },
})
