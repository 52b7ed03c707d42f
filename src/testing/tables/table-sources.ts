/** Reads the `tables` of a cluster, whatever their form. */
import { readFile } from 'node:fs/promises'
import type { TableSource } from '../cluster-api.ts'
import { type TableDefinition, UnreadableTables } from './table-definition.ts'
import { readTables } from './read-tables.ts'

export async function readSources(sources: readonly TableSource[]): Promise<readonly TableDefinition[]> {
  const read = await Promise.all(sources.map(async (source, at) => readOne(source, `tables[${at}]`)))
  return read.flat()
}

async function readOne(source: TableSource, place: string): Promise<readonly TableDefinition[]> {
  const file = (source as { readonly file?: unknown }).file
  return typeof file === 'string' ? readTables(await documentIn(file), file) : readTables(source, place)
}

async function documentIn(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UnreadableTables(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  })
  if (text.trimStart().startsWith('{')) return parsed(file, () => JSON.parse(text))
  const { parseTemplate } = await import('./yaml-template.ts')
  return parsed(file, () => parseTemplate(text))
}

function parsed(file: string, parse: () => unknown): unknown {
  try {
    return parse()
  } catch (error) {
    throw new UnreadableTables(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
