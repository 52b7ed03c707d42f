/** Lines of the data files of an export, as DynamoDB writes them to S3. */
import { decodeItem, encodeItem } from '../item/item-bytes.ts'
import { keyAttributesOf } from '../key/primary-key.ts'
import type { KeySchema } from '../table/table.ts'
import type { ExportFormat, ExportView } from './copy-job.ts'
import type { ItemFilter } from './export-filter.ts'
import { ionDecimal, ionStruct } from './ion/ion-writer.ts'

/** An item as it was: `before` at the beginning of the window of an incremental export, `now` at its end. Both are JSON. */
export type PastRow = {
  /** Made only if somebody asks: it takes a look into the item. */
  readonly key: () => Buffer
  /** The segment of the base that the row lies in, or that follows it. */
  readonly segment: number
  readonly before?: Buffer
  readonly now?: Buffer
  /** When it was written last within the window. */
  readonly writtenMs?: number
}

/** The row as the filter shows it: an item that is not asked for is not there. What decides is the item as it is last. */
export function filteredRow(row: PastRow, filter: ItemFilter): PastRow {
  const { before, now, ...rest } = row
  const last = now ?? before
  if (last === undefined || filter(decodeItem(last)) === undefined) return rest
  const shown = (body: Buffer | undefined): Buffer | undefined => {
    if (body === undefined) return undefined
    const item = decodeItem(body)
    return encodeItem(filter(item) ?? item)
  }
  const [old, next] = [shown(before), shown(now)]
  return { ...rest, ...(old === undefined ? {} : { before: old }), ...(next === undefined ? {} : { now: next }) }
}

const open = Buffer.from('{"Item":')
const close = Buffer.from('}\n')

export const fullLine = (item: Buffer, format: ExportFormat): readonly Buffer[] =>
  format === 'ION' ? [ionLine([['Item', ionStruct(decodeItem(item))]])] : [open, item, close]

const ionLine = (members: readonly (readonly [string, string])[]): Buffer =>
  Buffer.from(`$ion_1_0 {${members.map(([name, value]) => `${name}:${value}`).join(',')}}\n`)

type Form = { readonly key: KeySchema; readonly view: ExportView; readonly format: ExportFormat }

/** Undefined where the item did not change, or came and went within the window. */
export function incrementalLine(
  { before, now, writtenMs }: PastRow,
  { key, view, format }: Form,
): readonly Buffer[] | undefined {
  const known = now ?? before
  if (writtenMs === undefined || known === undefined) return undefined
  const keys = keyAttributesOf(key, decodeItem(known))
  const old = view === 'NEW_AND_OLD_IMAGES' ? before : undefined
  const micros = String(writtenMs * 1000)
  if (format === 'ION') {
    const images = [
      ...(now === undefined ? [] : [['NewImage', ionStruct(decodeItem(now))] as const]),
      ...(old === undefined ? [] : [['OldImage', ionStruct(decodeItem(old))] as const]),
    ]
    const metadata = `{WriteTimestampMicros:${ionDecimal(micros)}}`
    return [ionLine([['Metadata', metadata], ['Keys', ionStruct(keys)], ...images])]
  }
  const parts: Buffer[] = [
    Buffer.from(`{"Metadata":{"WriteTimestampMicros":{"N":"${micros}"}},"Keys":${JSON.stringify(keys)}`),
  ]
  if (now !== undefined) parts.push(Buffer.from(',"NewImage":'), now)
  if (old !== undefined) parts.push(Buffer.from(',"OldImage":'), old)
  return [...parts, close]
}
