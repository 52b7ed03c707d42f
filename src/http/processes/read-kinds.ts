/** Which requests may be answered from an older state of a region: reads that do not ask for a consistent one. */
import type { ApiRequest } from '../pipeline.ts'

const prefix = 'DynamoDB_20120810.'
const eventual: ReadonlySet<unknown> = new Set(
  ['GetItem', 'Query', 'Scan', 'BatchGetItem'].map((name) => `${prefix}${name}`),
)

const member = Buffer.from('ConsistentRead')
/** JSON may write any letter of a name so. */
const escape = Buffer.from('\\u')
const asked = /"ConsistentRead"\s*:(?!\s*false\s*[,}])/

/** Says so of no read that asks for a consistent one; a text of an item that looks like it makes a request one that does. */
export function isEventualRead({ headers, body }: Pick<ApiRequest, 'headers' | 'body'>): boolean {
  if (!eventual.has(headers['x-amz-target'])) return false
  if (body.includes(escape)) return false
  return !body.includes(member) || !asked.test(body.toString('latin1'))
}
