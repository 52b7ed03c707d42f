/**
 * Lists of attribute names in a file, so that they outlive the cache: clients remember the numbers of lists for as long as they run. One list a line, as JSON; a line that is
 * none, as the last one after a crash, is passed over. The numbers follow from the names (core/dax/codec/attribute-lists.ts).
 */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { AttributeLists } from '../core/dax/codec/attribute-lists.ts'
import { attributeListBytesMax } from '../core/limits/dax-limits.ts'
import type { Log } from '../ports/log.ts'
import { codeOf, messageOf } from '../process/failure.ts'

/** Reads the lists of the file, and writes those to it that come from now on. */
export function keepLists(lists: AttributeLists, path: string, log: Log): void {
  const { texts, sizeBytes } = read(path)
  for (const text of texts) lists.listOf(JSON.parse(text) as string[])
  let left = attributeListBytesMax - sizeBytes
  lists.onAdded((names) => {
    const line = `${JSON.stringify(names)}\n`
    const bytes = Buffer.byteLength(line)
    if (bytes > left) return
    left -= bytes
    try {
      appendFileSync(path, line)
    } catch (error) {
      left = 0
      log.warn('lists of attribute names are not kept', { path, error: messageOf(error) })
    }
  })
}

/** Of a file that is full, the later half, and the file is written again without the rest. */
function read(path: string): { readonly texts: readonly string[]; readonly sizeBytes: number } {
  const bytes = contentOf(path)
  const lines = bytes.toString().split('\n').filter(isList)
  const kept = bytes.length < attributeListBytesMax / 2 ? lines : lines.slice(Math.floor(lines.length / 2))
  if (kept.length === lines.length && endsLine(bytes)) return { texts: kept, sizeBytes: bytes.length }
  const text = kept.map((line) => `${line}\n`).join('')
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
  return { texts: kept, sizeBytes: Buffer.byteLength(text) }
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

function endsLine(bytes: Buffer): boolean {
  return bytes.length === 0 || bytes.at(-1) === '\n'.charCodeAt(0)
}

function isList(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line)
    return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string')
  } catch {
    return false
  }
}
