/**
 * The error of a request that is throttled: its class, words and reasons follow from what was exceeded, as the API reference (ThrottlingReason,
 * TransactWriteItems) and the developer guide (programming with errors) say.
 */
import { ServiceError } from '../errors.ts'
import type { Direction } from './direction.ts'
import type { Cause, Settings } from './resource.ts'

export type Throttled = {
  readonly cause: Cause
  readonly of: 'Table' | 'Index'
  readonly direction: Direction
  readonly mode: Settings['mode']
  /** ARN of the table or index. */
  readonly resource: string
}

/** As in ThrottlingReasons: `TableWriteProvisionedThroughputExceeded`. */
export function reasonOf({ cause, of, direction }: Throttled): string {
  return `${of}${direction === 'read' ? 'Read' : 'Write'}${cause}Exceeded`
}

export function throttledError(throttled: Throttled): ServiceError {
  const reasons = [{ reason: reasonOf(throttled), resource: throttled.resource }]
  if (throttled.cause === 'AccountLimit')
    return new ServiceError('RequestLimitExceeded', accountLimit, { ThrottlingReasons: reasons })
  if (throttled.mode === 'PROVISIONED') {
    const message = throttled.of === 'Index' ? indexExceeded : tableExceeded
    return new ServiceError('ProvisionedThroughputExceededException', message, { ThrottlingReasons: reasons })
  }
  // This one exception writes its member small.
  const message = throttled.cause === 'MaxOnDemandThroughput' ? maximumExceeded : scaling
  return new ServiceError('ThrottlingException', message, { throttlingReasons: reasons })
}

const accountLimit =
  'Throughput exceeds the current throughput limit for your account. Please contact AWS Support at https://aws.amazon.com/support request a limit increase'
const tableExceeded =
  'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.'
const indexExceeded =
  'The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API'
const maximumExceeded = 'Throughput exceeds the maximum OnDemandThroughput configured on table or index'
const scaling =
  'Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly. If exceptions persist, check if you have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html'
