/** No table and no stream has a policy yet, and AWS says so by an error. */
import type { GetResourcePolicyInput, GetResourcePolicyOutput } from '@aws-sdk/client-dynamodb'
import { ServiceError, validationError } from '../../core/errors.ts'
import { isArn } from '../arns.ts'
import { tableMade } from '../checks/table-exists.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

export const getResourcePolicy = defineControl<Wire<GetResourcePolicyInput>, Wire<GetResourcePolicyOutput>>({
  name: 'GetResourcePolicy',
  table: (input) => tableArnOf(input.ResourceArn),
  checks: [arn],
  run: (input, context) => {
    tableMade(tableArnOf(input.ResourceArn), context)
    throw new ServiceError(
      'PolicyNotFoundException',
      `Resource-based policy not found for the provided ResourceArn: ${input.ResourceArn}`,
    )
  },
})

function arn({ ResourceArn: given = '' }: Wire<GetResourcePolicyInput>): void {
  if (!isArn(given))
    throw validationError(`One or more parameter values were invalid: ARNs must start with 'arn:': ${given}`)
}

/** A stream's ARN begins with its table's. */
const tableArnOf = (given: string | undefined): string | undefined => given?.replace(/\/stream\/[^/]+$/, '')
