/** A folder that DynamoDB's export to S3 has written, or `longitude dump`: its files manifest says what belongs to it, with checksums. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { Failure, messageOf } from '../process/failure.ts'
import { jsonLines } from './json-lines.ts'
import { linesOf } from './lines.ts'
import type { Source } from './record.ts'

const summary = z.object({ tableArn: z.string(), outputFormat: z.string().optional() })
const file = z.object({ md5Checksum: z.string().optional(), dataFileS3Key: z.string() })

const manifest = 'manifest-files.json'

/** The folder with the manifests, where the given one is or holds exactly one export. */
export function exportIn(folder: string): string | undefined {
  if (existsSync(join(folder, manifest))) return folder
  const below = basename(folder) === 'AWSDynamoDB' ? folder : join(folder, 'AWSDynamoDB')
  if (!existsSync(below)) return undefined
  const exports = readdirSync(below).filter((name) => existsSync(join(below, name, manifest)))
  if (exports.length > 1) throw new Failure(`${folder} holds several exports: ${exports.join(', ')}; name one of them`)
  return exports[0] === undefined ? undefined : join(below, exports[0])
}

/** Its files in their order; each is compared with its checksum before it is read. */
export async function exportSources(folder: string, table: string | undefined): Promise<readonly Source[]> {
  const { tableArn, outputFormat = 'DYNAMODB_JSON' } = await read(join(folder, 'manifest-summary.json'), summary)
  if (outputFormat !== 'DYNAMODB_JSON')
    throw new Failure(`${folder} is an export in ${outputFormat}; load reads DYNAMODB_JSON`)
  const name = table ?? tableArn.slice(tableArn.lastIndexOf('/') + 1)
  const sources: Source[] = []
  for await (const line of linesOf(join(folder, manifest))) {
    if (line.trim() === '') continue
    const { dataFileS3Key: key, md5Checksum } = parsed(join(folder, manifest), line, file)
    const path = pathOf(folder, key)
    const lines = jsonLines(path, name)
    sources.push({
      name: path,
      records: async function* (after) {
        await checkSum(path, md5Checksum)
        yield* lines.records(after)
      },
    })
  }
  return sources
}

/** Data lies beside the manifests; that of an incremental export in a folder that exports share. */
function pathOf(folder: string, key: string): string {
  const own = join(folder, 'data', basename(key))
  return existsSync(own) ? own : join(dirname(folder), 'data', basename(key))
}

async function checkSum(path: string, expected: string | undefined): Promise<void> {
  if (expected === undefined) return
  const sum = createHash('md5')
  try {
    for await (const chunk of createReadStream(path)) sum.update(chunk as Buffer)
  } catch (error) {
    throw new Failure(`${path}, which the export names, cannot be read: ${messageOf(error)}`)
  }
  if (sum.digest('base64') !== expected) throw new Failure(`${path} is not the file that was exported: its MD5 differs`)
}

async function read<Shape extends z.ZodType>(path: string, shape: Shape): Promise<z.output<Shape>> {
  try {
    return await Promise.resolve(parsed(path, readFileSync(path, 'utf8'), shape))
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
}

function parsed<Shape extends z.ZodType>(path: string, text: string, shape: Shape): z.output<Shape> {
  try {
    return shape.parse(JSON.parse(text))
  } catch (error) {
    throw new Failure(`${path} is no manifest of an export: ${messageOf(error)}`)
  }
}
