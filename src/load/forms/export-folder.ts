/** A folder that DynamoDB's export to S3 has written, or `longitude dump`: its files manifest says what belongs to it, with checksums. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Failure, messageOf } from '../../process/failure.ts'
import type { Files } from '../places/local-files.ts'
import { ion } from './ion.ts'
import { jsonLines } from './json-lines.ts'
import { documentIn, linesOf } from './lines.ts'
import type { Source } from '../load-record.ts'

const summary = z.object({ tableArn: z.string(), outputFormat: z.enum(['DYNAMODB_JSON', 'ION']).optional() })
const file = z.object({ md5Checksum: z.string().optional(), dataFileS3Key: z.string() })

const manifest = 'manifest-files.json'

/** The folder with the manifests, where the given one is or holds exactly one export. */
export async function exportIn(files: Files, folder: string): Promise<string | undefined> {
  if (await files.isFile(`${folder}/${manifest}`)) return folder
  const below = (await files.filesBelow(folder)).filter((path) => ofExport.test(path.slice(folder.length)))
  const exports = below.map((path) => path.slice(0, -manifest.length - 1))
  if (exports.length > 1)
    throw new Failure(`${folder} holds several exports: ${exports.map(lastOf).join(', ')}; name one of them`)
  return exports[0]
}

/** Below the folder AWSDynamoDB, which the given one may be. */
const ofExport = /^\/(AWSDynamoDB\/)?[^/]+\/manifest-files\.json$/

const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Its files in their order; each is compared with its checksum before it is read. */
export async function exportSources(
  files: Files,
  folder: string,
  table: string | undefined,
): Promise<readonly Source[]> {
  const { tableArn, outputFormat } = await read(files, `${folder}/manifest-summary.json`)
  const name = table ?? lastOf(tableArn)
  const sources: Source[] = []
  const place = `${folder}/${manifest}`
  for await (const line of linesOf(files, place)) {
    if (line.trim() === '') continue
    const { dataFileS3Key: key, md5Checksum } = parsed(place, line, file)
    const path = await pathOf(files, folder, lastOf(key))
    const data = outputFormat === 'ION' ? ion(files, path, name) : jsonLines(files, path, name)
    sources.push({
      name: path,
      records: async function* (after) {
        await checkSum(files, path, md5Checksum)
        yield* data.records(after)
      },
    })
  }
  return sources
}

/** Data lies beside the manifests; that of an incremental export in a folder that exports share. */
async function pathOf(files: Files, folder: string, name: string): Promise<string> {
  const own = `${folder}/data/${name}`
  return (await files.isFile(own)) ? own : `${folder.slice(0, folder.lastIndexOf('/'))}/data/${name}`
}

async function checkSum(files: Files, path: string, expected: string | undefined): Promise<void> {
  if (expected === undefined) return
  const sum = createHash('md5')
  try {
    for await (const chunk of files.bytes(path)) sum.update(chunk)
  } catch (error) {
    throw new Failure(`${path}, which the export names, cannot be read: ${messageOf(error)}`)
  }
  if (sum.digest('base64') !== expected) throw new Failure(`${path} is not the file that was exported: its MD5 differs`)
}

const read = async (files: Files, path: string): Promise<z.output<typeof summary>> =>
  parsed(path, await documentIn(files, path), summary)

function parsed<Shape extends z.ZodType>(path: string, text: string, shape: Shape): z.output<Shape> {
  try {
    return shape.parse(JSON.parse(text))
  } catch (error) {
    throw new Failure(`${path} is no manifest of an export: ${messageOf(error)}`)
  }
}
