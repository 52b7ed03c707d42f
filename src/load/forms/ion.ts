/** Ion text, a struct an item: of a full export (`{Item: {…}}`), or of an incremental one (`{Keys: {…}, NewImage: {…}}`). */
import { ionFields } from '../../core/copies/ion/ion-reader.ts'
import { IonProblem } from '../../core/copies/ion/ion-tokens.ts'
import type { Files } from '../places/local-files.ts'
import { recordIn } from './json-lines.ts'
import { ionStructsOf } from './lines.ts'
import { type Found, isRecord, type Source } from '../load-record.ts'

export function ion(files: Files, path: string, table: string | undefined): Source {
  return { name: path, records: (after) => readStructs(files, path, { table, after }) }
}

type Of = { readonly table: string | undefined; readonly after: number }

async function* readStructs(files: Files, path: string, { table, after }: Of): AsyncGenerator<Found> {
  let position = 0
  for await (const text of ionStructsOf(files, path)) {
    position++
    if (position > after) yield { position, place: `${path}: item ${position}`, ...read(text, table) }
  }
}

function read(text: string, table: string | undefined): Pick<Found, 'record' | 'problem'> {
  try {
    const members = [...ionFields(text)].map(([name, value]) => [name, 'M' in value ? value.M : value])
    const value = Object.fromEntries(members) as Readonly<Record<string, unknown>>
    const isOfExport = ['Item', 'Keys'].some((name) => isRecord(value[name]))
    const record = isOfExport ? recordIn(value, { table, sizeBytes: text.length }) : undefined
    return record === undefined ? { record, problem: 'it has neither Item nor Keys' } : { record }
  } catch (error) {
    if (error instanceof IonProblem) return { record: undefined, problem: error.message }
    throw error
  }
}
