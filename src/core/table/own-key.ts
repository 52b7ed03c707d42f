/** The key that encrypts a table in a region: that of its replica there, or that of the table. */
import type { KeyLoss, Table } from './table.ts'

/** The key that AWS makes for DynamoDB in each region, taken where a request names none. */
export const managedKey = 'alias/aws/dynamodb'

/** Undefined where the region's own key encrypts the table, which is the key that AWS owns. */
export function ownKeyOf({ settings: { encryption }, replicas }: Table, region: string): string | undefined {
  const own = replicas.find((replica) => replica.region === region)?.overrides?.keyArn
  if (own !== undefined) return own
  return encryption === undefined ? undefined : (encryption.keyArn ?? managedKey)
}

/** What a use of a key says that is in such a state. */
export function lostByState(arn: string, state: string): Pick<KeyLoss, 'code' | 'message'> {
  if (state === 'Disabled') return { code: 'DisabledException', message: `${arn} is disabled.` }
  return { code: 'KMSInvalidStateException', message: `${arn} is pending deletion.` }
}
