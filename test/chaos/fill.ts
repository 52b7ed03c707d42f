/** Items in bulk, as fast as one client writes them. */
import type { ChaosRegion } from './chaos-region.ts'
import { sendRequest } from './request.ts'

const batchItems = 25
const batchesUnderWay = 4

/** Items `<prefix>0` … of about so many bytes. */
export async function fill(
  region: ChaosRegion,
  table: string,
  {
    items,
    prefix = 'item-',
    bytes = 100,
  }: { readonly items: number; readonly prefix?: string; readonly bytes?: number },
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items) {
      const from = next
      next += batchItems
      const requests = Array.from({ length: Math.min(batchItems, items - from) }, (_, n) => ({
        PutRequest: { Item: { id: { S: `${prefix}${from + n}` }, v: { S: 'x'.repeat(bytes) } } },
      }))
      await sendRequest(region.endpoint, 'BatchWriteItem', { RequestItems: { [table]: requests } })
    }
  }
  await Promise.all(Array.from({ length: batchesUnderWay }, worker))
}

export async function countOf(region: ChaosRegion, table: string): Promise<number> {
  let count = 0
  let start: unknown
  do {
    const from = start === undefined ? {} : { ExclusiveStartKey: start }
    const page = await sendRequest(region.endpoint, 'Scan', { TableName: table, Select: 'COUNT', ...from })
    count += page['Count'] as number
    start = page['LastEvaluatedKey']
  } while (start !== undefined)
  return count
}
