/** What lies at a path: one of the forms that people have items in, told by its content. */
import type { TableDefinition } from '../testing/tables/table-definition.ts'
import { Failure, messageOf } from '../process/failure.ts'
import { csv } from './forms/csv.ts'
import { documentSource } from './forms/documents.ts'
import { exportIn, exportSources } from './forms/export-folder.ts'
import type { Files } from './places/local-files.ts'
import { ion } from './forms/ion.ts'
import { jsonLines, recordIn } from './forms/json-lines.ts'
import { documentIn, linesOf } from './forms/lines.ts'
import type { Source } from './load-record.ts'

export type SourceOptions = {
  readonly files: Files
  readonly table: string | undefined
  readonly delimiter: string
  readonly header: readonly string[] | undefined
}

export type Sources = { readonly sources: readonly Source[]; readonly tables: readonly TableDefinition[] }

/** Rejects with a Failure that names the file which is none of the forms. */
export async function sourcesAt(path: string, options: SourceOptions): Promise<Sources> {
  const { files, table } = options
  if (!(await files.isFolder(path))) return await fileSources(path, options)
  const whole = path.replace(/\/+$/, '')
  const folder = await exportIn(files, whole)
  if (folder !== undefined) return { sources: await exportSources(files, folder, table), tables: [] }
  const all: Sources[] = []
  for (const file of (await files.filesBelow(whole)).filter((name) => known.test(name)))
    all.push(await fileSources(file, options))
  if (all.length === 0)
    throw new Failure(`${path} has no file that can be loaded (.json, .jsonl, .ndjson, .csv, .tsv, .ion, also packed)`)
  return { sources: all.flatMap(({ sources }) => sources), tables: all.flatMap(({ tables }) => tables) }
}

const known = /\.(json|jsonl|ndjson|csv|tsv|ion)(\.(gz|zstd?))?$/i

async function fileSources(path: string, options: SourceOptions): Promise<Sources> {
  const { files, table, delimiter, header } = options
  const only = (source: Source): Sources => ({ sources: [source], tables: [] })
  if (/\.ion(\.(gz|zstd?))?$/i.test(path)) return only(ion(files, path, table))
  if (/\.[ct]sv(\.(gz|zstd?))?$/i.test(path)) {
    const between = /\.tsv/i.test(path) ? '\t' : delimiter
    return only(csv(path, { files, table, delimiter: between, header }))
  }
  if (await isOfLines(files, path)) return only(jsonLines(files, path, table))
  const document = documentSource(path, await parse(files, path), table)
  if (document === undefined)
    throw new Failure(
      `${path} is none of the forms that load reads: DynamoDB JSON lines, CSV, Ion, a request of BatchWriteItem, an answer of Scan, an export folder, a model of NoSQL Workbench`,
    )
  return { sources: [document.source], tables: document.tables }
}

/** By the first line that is not empty. */
async function isOfLines(files: Files, path: string): Promise<boolean> {
  for await (const line of linesOf(files, path)) {
    if (line.trim() === '') continue
    try {
      return recordIn(JSON.parse(line), { table: undefined, sizeBytes: 0 }) !== undefined
    } catch {
      // A document over several lines, or lines of which the first is damaged.
      return !/^\s*[[{]?\s*$|^\s*[[{"]/.test(line) || /\.(jsonl|ndjson)(\.(gz|zstd?))?$/i.test(path)
    }
  }
  return true
}

async function parse(files: Files, path: string): Promise<unknown> {
  try {
    return JSON.parse(await documentIn(files, path))
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(`${path} is no JSON: ${messageOf(error)}`)
  }
}
