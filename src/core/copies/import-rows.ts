/** Rows of objects that are imported: each an item, or a problem. */
import type { AttributeValue, Item } from '../attribute/value.ts'
import { ServiceError } from '../errors.ts'
import type { Condition } from '../expression/condition.ts'
import { type NewItem, parsedItem, SentItem, sizeOfNewItem } from '../item/sent-item.ts'
import { itemKeyProblem, keyValuesProblem } from '../key/key-problem.ts'
import { itemSizeBytesMax } from '../limits/limits.ts'
import type { Table } from '../table/table.ts'
import { keyAttributesAlone } from '../write/put-of.ts'
import { checkItem } from '../wire/attribute-values.ts'
import { readInput } from '../wire/input.ts'
import { isObject } from '../wire/json.ts'
import type { ImportJob } from './copy-job.ts'
import { CsvRows } from './csv-rows.ts'
import { ionFields } from './ion/ion-reader.ts'
import { IonProblem } from './ion/ion-tokens.ts'

/** The line is none of the format: what follows it in its object is not looked at. */
export class UnusableLine extends Error {
  override readonly name = 'UnusableLine'
}

/** `keyAttributes`: where they could be told without parsing the item. The condition comes with items of a bulk put only. */
export type ImportRow =
  | { readonly item: NewItem; readonly keyAttributes?: Item | undefined; readonly condition?: Condition }
  | { readonly problem: string }

/** Reads the lines of one object. Undefined for a line that is no row of its own. Throws UnusableLine. */
export type RowReader = (line: Buffer) => ImportRow | undefined

type Form = Pick<ImportJob, 'format' | 'csv'>

export function rowReader({ format, csv }: Form, table: Pick<Table, 'key' | 'attributes'>): RowReader {
  const readers = { CSV: () => csvItems(csv, table), DYNAMODB_JSON: () => jsonItem, ION: () => ionItem }
  const read = readers[format]()
  return (line) =>
    problemsAsRows(() => {
      const item = read(line)
      return item === undefined ? undefined : checked(item, table)
    })
}

/** What is wrong with an item, and not with the object, is a row of its own. */
export function problemsAsRows(read: () => ImportRow | undefined): ImportRow | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof ServiceError || error instanceof IonProblem) return { problem: error.message }
    throw error
  }
}

export function checked(item: NewItem, { key }: Pick<Table, 'key'>): ImportRow {
  checkItem(item, 'newer')
  if (sizeOfNewItem(item) > itemSizeBytesMax) return { problem: 'Item size has exceeded the maximum allowed size' }
  const alone = keyAttributesAlone(key, item)
  const problem = alone === undefined ? itemKeyProblem(key, parsedItem(item)) : keyValuesProblem(key, alone)
  return problem === undefined ? { item, keyAttributes: alone } : { problem }
}

const start = Buffer.from('{"Item":')

function jsonItem(line: Buffer): NewItem | undefined {
  const sent = sentItem(line)
  if (sent !== undefined) return sent
  const value = jsonObject(line)
  return value === undefined ? undefined : inForm(value['Item'])
}

/** Of a line that has nothing but an item, in the form of most. */
export function sentItem(line: Buffer): SentItem | undefined {
  if (!line.subarray(0, start.length).equals(start)) return undefined
  const sent = SentItem.at(line, start.length)
  // Nothing follows but the end of the line's object.
  return sent !== undefined && sent.to === line.length - 1 && line.at(-1) === 0x7d ? sent : undefined
}

/** Undefined for blanks. Throws UnusableLine. */
export function jsonObject(line: Buffer): Readonly<Record<string, unknown>> | undefined {
  const value = parsed(line.toString('utf8'))
  if (value !== undefined && !isObject(value)) throw new UnusableLine('the line is no object')
  return value
}

const inForm = (item: unknown): Item => readInput('PutItem', { TableName: 'import', Item: item })['Item'] as Item

function ionItem(text: Buffer): Item {
  const item = ionFields(text.toString('utf8')).get('Item')
  return inForm(item === undefined || !('M' in item) ? undefined : item.M)
}

/** Undefined for blanks. */
function parsed(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new UnusableLine('the line is no JSON')
  }
}

/** Attributes that are keys have their types; all others are texts, and empty cells are left out. */
function csvItems(form: ImportJob['csv'], { attributes }: Pick<Table, 'attributes'>) {
  const rows = new CsvRows(form?.delimiter ?? ',')
  const types = new Map(attributes.map(({ name, type }) => [name, type]))
  let header = form?.header
  return (line: Buffer): Item | undefined => {
    const cells = rowOf(rows, line)
    if (cells === undefined) return undefined
    if (header === undefined) {
      header = headerFrom(cells)
      return undefined
    }
    if (cells.length > header.length)
      throw new ServiceError(
        'ValidationException',
        `The row has ${cells.length} cells, and the header ${header.length}`,
      )
    const entries = header.flatMap((name, at): [string, AttributeValue][] => {
      const cell = cells[at] ?? ''
      return cell === '' ? [] : [[name, { [types.get(name) ?? 'S']: cell } as AttributeValue]]
    })
    return inForm(Object.fromEntries(entries))
  }
}

function rowOf(rows: CsvRows, line: Buffer): readonly string[] | undefined {
  try {
    return rows.add(line.toString('utf8'))
  } catch (error) {
    throw new UnusableLine((error as Error).message)
  }
}

function headerFrom(cells: readonly string[]): readonly string[] {
  if (new Set(cells).size !== cells.length) throw new UnusableLine('the header has a column twice')
  return cells
}
