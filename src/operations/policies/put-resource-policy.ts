/** A policy is its replica's own: no other region gets it, as on AWS. */
import type { PutResourcePolicyInput, PutResourcePolicyOutput } from '@aws-sdk/client-dynamodb'
import { readResourcePolicy } from '../../core/access/resource-policy.ts'
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

type Input = Wire<PutResourcePolicyInput>
type Output = Wire<PutResourcePolicyOutput>

export const putResourcePolicy = defineControl<Input, Output>({
  name: 'PutResourcePolicy',
  table: (input) => tableArnIn(input.ResourceArn),
  resource: (input) => input.ResourceArn,
  checks: [checkResourceArn, policy],
  run: (input, context) =>
    oneAtATime(context.engine, tableNameIn(input.ResourceArn ?? '', context), () => put(input, context)),
})

const targetOf = (arn: string) => (/\/stream\//.test(arn) ? 'stream' : 'table')

function policy({ ResourceArn: arn = '', Policy: text = '' }: Input): void {
  readResourcePolicy(text, targetOf(arn))
}

async function put(input: Input, context: OperationContext): Promise<Output> {
  const { ResourceArn: arn = '', Policy: given = '', ExpectedRevisionId: expected } = input
  const holder = holderOf(arn, context)
  const { text } = readResourcePolicy(given, holder.target)
  const { kept, table } = holder
  assertRevision(expected, holder, arn)
  if (kept?.text === text) return { RevisionId: kept.revisionId }
  assertPolicyMayChange(holder, context)
  const nowMs = context.env.clock.wallMs()
  // Two changes of one millisecond are two revisions.
  const revisionId = String(Math.max(nowMs, Number(kept?.revisionId ?? 0) + 1))
  await context.engine.define(table.id, [policyEdit(holder, { text, revisionId, changedMs: nowMs })])
  return { RevisionId: revisionId }
}
