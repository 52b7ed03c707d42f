import type { DeleteResourcePolicyInput, DeleteResourcePolicyOutput } from '@aws-sdk/client-dynamodb'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import {
  assertPolicyMayChange,
  assertRevision,
  checkResourceArn,
  holderOf,
  policyEdit,
  tableArnIn,
  tableNameIn,
} from './policy-holder.ts'

type Input = Wire<DeleteResourcePolicyInput>
type Output = Wire<DeleteResourcePolicyOutput>

/** A resource without a policy is answered without an error. */
export const deleteResourcePolicy = defineControl<Input, Output>({
  name: 'DeleteResourcePolicy',
  table: (input) => tableArnIn(input.ResourceArn),
  resource: (input) => input.ResourceArn,
  checks: [checkResourceArn],
  run: (input, context) =>
    oneAtATime(context.engine, tableNameIn(input.ResourceArn ?? '', context), () => remove(input, context)),
})

async function remove(
  { ResourceArn: arn = '', ExpectedRevisionId: expected }: Input,
  context: OperationContext,
): Promise<Output> {
  const holder = holderOf(arn, context)
  const { kept, table } = holder
  assertRevision(expected, holder, arn)
  if (kept?.text === undefined) return {}
  assertPolicyMayChange(holder, context)
  const { revisionId } = kept
  await context.engine.define(table.id, [policyEdit(holder, { revisionId, changedMs: context.env.clock.wallMs() })])
  return { RevisionId: revisionId }
}
