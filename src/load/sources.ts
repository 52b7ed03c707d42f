/** What lies at a path: one of the forms that people have items in, told by its content. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { TableDefinition } from '../testing/tables/definition.ts'
import { Failure, messageOf } from '../process/failure.ts'
import { csv } from './csv.ts'
import { documentSource } from './documents.ts'
import { exportIn, exportSources } from './export-folder.ts'
import { jsonLines, recordIn } from './json-lines.ts'
import { filesMax, foldersDeepMax } from './limits.ts'
import { documentIn, linesOf } from './lines.ts'
import type { Source } from './record.ts'

export type SourceOptions = {
  readonly table: string | undefined
  readonly delimiter: string
  readonly header: readonly string[] | undefined
}

export type Sources = { readonly sources: readonly Source[]; readonly tables: readonly TableDefinition[] }

/** Throws a Failure that names the file which is none of the forms. */
export async function sourcesAt(path: string, options: SourceOptions): Promise<Sources> {
  if (!statOf(path).isDirectory()) return await fileSources(path, options)
  const folder = exportIn(path)
  if (folder !== undefined) return { sources: await exportSources(folder, options.table), tables: [] }
  const all: Sources[] = []
  for (const file of filesBelow(path)) all.push(await fileSources(file, options))
  if (all.length === 0) throw new Failure(`${path} has no file that can be loaded (.json, .jsonl, .ndjson, .csv, .gz)`)
  return { sources: all.flatMap(({ sources }) => sources), tables: all.flatMap(({ tables }) => tables) }
}

function statOf(path: string) {
  try {
    return statSync(path)
  } catch (error) {
    throw new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
}

const known = /\.(json|jsonl|ndjson|csv|tsv)(\.gz)?$/i

function filesBelow(folder: string, deep = 0): readonly string[] {
  if (deep > foldersDeepMax) throw new Failure(`${folder} is more than ${foldersDeepMax} folders deep`)
  const files = readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return filesBelow(path, deep + 1)
      return entry.isFile() && known.test(entry.name) ? [path] : []
    })
  if (files.length > filesMax) throw new Failure(`${folder} has more than ${filesMax} files`)
  return files
}

async function fileSources(path: string, { table, delimiter, header }: SourceOptions): Promise<Sources> {
  if (/\.(zst|zstd|ion)$|\.ion\.gz$/i.test(path))
    throw new Failure(`${path}: load reads JSON and CSV, plain or as .gz; unpack or export it in one of these`)
  if (/\.[ct]sv(\.gz)?$/i.test(path)) {
    const between = /\.tsv/i.test(path) ? '\t' : delimiter
    return { sources: [csv(path, { table, delimiter: between, header })], tables: [] }
  }
  if (await isOfLines(path)) return { sources: [jsonLines(path, table)], tables: [] }
  const document = documentSource(path, await parse(path), table)
  if (document === undefined)
    throw new Failure(
      `${path} is none of the forms that load reads: DynamoDB JSON lines, CSV, a request of BatchWriteItem, an answer of Scan, an export folder, a model of NoSQL Workbench`,
    )
  return { sources: [document.source], tables: document.tables }
}

/** By the first line that is not empty. */
async function isOfLines(path: string): Promise<boolean> {
  for await (const line of linesOf(path)) {
    if (line.trim() === '') continue
    try {
      return recordIn(JSON.parse(line), { table: undefined, sizeBytes: 0 }) !== undefined
    } catch {
      // A document over several lines, or lines of which the first is damaged.
      return !/^\s*[[{]?\s*$|^\s*[[{"]/.test(line) || /\.(jsonl|ndjson)(\.gz)?$/i.test(path)
    }
  }
  return true
}

async function parse(path: string): Promise<unknown> {
  try {
    return JSON.parse(await documentIn(path))
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(`${path} is no JSON: ${messageOf(error)}`)
  }
}
