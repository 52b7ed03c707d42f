/** Reads a request of the data plane, from the values behind its method's number. */
import type { CborReader } from '../../cbor/cbor-reader.ts'
import { type ValueBudget, withinValues } from '../../cbor/value-budget.ts'
import { readBatchGetItem, readBatchWriteItem } from './batch-requests.ts'
import type { DataRequest, DaxContext } from './data-request.ts'
import { readDeleteItem, readGetItem, readPutItem, readUpdateItem } from './item-requests.ts'
import { readQuery, readScan } from './page-requests.ts'
import { daxValuesMax } from '../../limits/dax-limits.ts'
import type { MethodName } from '../protocol.ts'
import { readTransactGetItems, readTransactWriteItems } from './transact-requests.ts'

type Read = (reader: CborReader, context: DaxContext) => DataRequest

const reads: Partial<Readonly<Record<MethodName, Read>>> = {
  getItem: readGetItem,
  putItem: readPutItem,
  updateItem: readUpdateItem,
  deleteItem: readDeleteItem,
  query: readQuery,
  scan: readScan,
  batchGetItem: readBatchGetItem,
  batchWriteItem: readBatchWriteItem,
  transactGetItems: readTransactGetItems,
  transactWriteItems: readTransactWriteItems,
}

/** Undefined of a method that is none of the data plane. Throws UnknownTable, UnknownAttributeList or UnreadableCbor. */
export function readRequest(
  method: MethodName,
  reader: CborReader,
  context: DaxContext,
  values: ValueBudget = { left: daxValuesMax },
): DataRequest | undefined {
  const request = withinValues(values, () => reads[method]?.(reader, context))
  if (request !== undefined) reader.end()
  return request
}
