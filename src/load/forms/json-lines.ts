/**
 * DynamoDB JSON, an item a line. Forms of a line:
 *
 *   {"Item": {…}}                                          of a full export
 *   {"Metadata": …, "Keys": {…}, "NewImage": {…}}          of an incremental export; without a new image the item goes
 *   {"pk": {"S": "…"}, …}                                  the item alone
 */
import type { Files } from '../places/local-files.ts'
import { linesOf } from './lines.ts'
import { type Found, isItem, isRecord, type LoadRecord, type Source } from '../load-record.ts'

export function jsonLines(files: Files, path: string, table: string | undefined): Source {
  return { name: path, records: (after) => readLines(files, path, { table, after }) }
}

type Reading = { readonly table: string | undefined; readonly after: number }

async function* readLines(files: Files, path: string, { table, after }: Reading): AsyncGenerator<Found> {
  let position = 0
  for await (const line of linesOf(files, path)) {
    position++
    if (position <= after || line.trim() === '') continue
    yield { position, place: `${path}:${position}`, ...read(line, table) }
  }
}

function read(line: string, table: string | undefined): Pick<Found, 'record' | 'problem'> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { record: undefined, problem: 'the line is no JSON' }
  }
  const record = recordIn(value, { table, sizeBytes: line.length })
  return record === undefined ? { record, problem: 'the line is no item as DynamoDB JSON' } : { record }
}

type Of = Pick<LoadRecord, 'table' | 'sizeBytes'>

/** Undefined for what is none of the forms. */
export function recordIn(value: unknown, of: Of): LoadRecord | undefined {
  if (!isRecord(value)) return undefined
  const { Item, Keys, NewImage, Metadata } = value
  if (isRecord(Metadata) && isItem(Keys)) {
    if (NewImage === undefined || NewImage === null) return { ...of, put: undefined, remove: Keys }
    return isItem(NewImage) ? { ...of, put: NewImage, remove: undefined } : undefined
  }
  if (Object.keys(value).length === 1 && isItem(Item) && !isAttributeValue(value['Item']))
    return { ...of, put: Item, remove: undefined }
  return isItem(value) && Object.keys(value).length > 0 ? { ...of, put: value, remove: undefined } : undefined
}

const types: ReadonlySet<string> = new Set(['S', 'N', 'B', 'BOOL', 'NULL', 'L', 'M', 'SS', 'NS', 'BS'])

/** An item with the one attribute `Item` looks like a line of an export: its value has a type where that has an attribute. */
function isAttributeValue(value: unknown): boolean {
  const [type = '', ...more] = isRecord(value) ? Object.keys(value) : []
  return more.length === 0 && types.has(type) && !isRecord((value as Readonly<Record<string, unknown>>)[type])
}
