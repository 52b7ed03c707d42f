/** What the operations of Kinesis streaming destinations share: a table of the region has one destination at most, each replica its own. */
import type { DestinationStatus } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import type { KinesisDestination, Table } from '../../core/table/table.ts'
import { waitRestMs } from '../../core/table/waits.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { tableNameOf } from '../arns.ts'
import { assertActive, tableMade } from '../checks/table-exists.ts'
import type { OperationContext } from '../operation.ts'

/** A stream's ARN, with no more than AWS's form of it. */
const arnForm = /^arn:[^:\s]+:kinesis:[^:\s]+:\d{12}:stream\/[a-zA-Z0-9_.-]+$/

export function checkDataStream({ StreamArn: arn = '' }: { readonly StreamArn?: string | undefined }): void {
  if (!arnForm.test(arn)) throw validationError(`Invalid StreamArn: Invalid ResourceArn provided as input ${arn}`)
}

/** Changes of one table's destination come one after the other. */
export async function changing<Output>(
  name: string | undefined,
  context: OperationContext,
  change: (table: Table) => Promise<Output>,
): Promise<Output> {
  return await oneAtATime(context.engine, tableNameOf(context.settings, name ?? ''), async () => {
    const table = tableMade(name, context)
    assertActive(table.strong?.isElsewhere === true ? { ...table, status: 'UPDATING' } : table)
    return await change(table)
  })
}

export async function setDestination(
  { id }: Table,
  destination: KinesisDestination,
  { engine }: OperationContext,
): Promise<void> {
  await engine.define(id, [{ register: 'local/kinesis', value: destination }])
}

/** States that take time on AWS are told for as long as a stream's change takes there. */
export function statusOf(
  { state, sinceMs }: KinesisDestination,
  { env, settings }: OperationContext,
): DestinationStatus {
  const rests = waitRestMs({ wait: 'stream change', beganMs: sinceMs }, settings.timing, env.clock.wallMs()) > 0
  switch (state) {
    case 'enabling':
      return 'ENABLING'
    case 'on':
      return rests ? 'ENABLING' : 'ACTIVE'
    case 'disabling':
      return 'DISABLING'
    case 'off':
      return rests ? 'DISABLING' : 'DISABLED'
    case 'failed':
      return 'ENABLE_FAILED'
  }
  return state satisfies never
}

/** The table's destination with that ARN. */
export function destinationOf({ kinesis, name }: Table, arn: string, doing: string): KinesisDestination {
  if (kinesis?.streamArn === arn) return kinesis
  throw validationError(
    `Table is not in a valid state to ${doing} Kinesis Streaming Destination: No streaming destination with streamArn: ${arn} found for table with tableName: ${name}`,
  )
}
