/** `longitude load PATH` and `longitude load --from-endpoint URL`: items into the tables of a running region. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { isInBucket } from '../../../load/places/bucket-files.ts'
import { endpointTable, definitionOf, tablesOf } from '../../../load/endpoint-source.ts'
import type { Files } from '../../../load/places/local-files.ts'
import { load, type Loaded } from '../../../load/load.ts'
import { ProgressFile } from '../../../load/progress-file.ts'
import type { Source } from '../../../load/load-record.ts'
import { type Sources, sourcesAt } from '../../../load/sources.ts'
import { Target } from '../../../load/loaded-tables.ts'
import { Failure } from '../../../process/failure.ts'
import { readSources } from '../../../testing/tables/table-sources.ts'
import { filesAt } from '../../options/files.ts'
import { placeOf } from '../../options/place.ts'

type Flags = {
  readonly table?: string
  readonly region?: string
  readonly fromEndpoint?: string
  readonly schema?: string
  readonly delimiter: string
  readonly header?: string
}

const shownMs = 1000
const problemsPrinted = 20

export async function runLoad(command: Command, json: boolean): Promise<void> {
  const flags = command.opts<Flags>()
  const [path] = command.args
  if ((path === undefined) === (flags.fromEndpoint === undefined))
    throw new Failure('load takes a file or folder, or --from-endpoint URL')
  const target = new Target(placeOf(command, flags.region))
  const place = filesAt(command, path ?? '')
  try {
    const { sources, tables } = await found({ path, files: place.files }, flags, target)
    const loaded = await load({
      target,
      sources,
      tables,
      table: flags.table,
      progress: new ProgressFile(process.cwd(), [wholePath(path), flags, target.place, sources.map(nameOf)], 'load'),
      onProgress: json ? () => undefined : shown(),
    })
    if (json) console.log(JSON.stringify(loaded))
    else console.log(textOf(loaded))
    if (loaded.failed > 0) throw new Failure(`${loaded.failed} records could not be loaded`)
  } finally {
    target.close()
    place.close()
  }
}

const wholePath = (path: string | undefined): string | undefined =>
  path === undefined || isInBucket(path) ? path : resolve(path)

const nameOf = ({ name }: Source): string => name

type Place = { readonly path: string | undefined; readonly files: Files }

async function found({ path, files }: Place, flags: Flags, target: Target): Promise<Sources> {
  const { table, delimiter, header, schema, fromEndpoint } = flags
  const given = schema === undefined ? [] : await readSources([{ file: schema }])
  if (path === undefined) return await ofEndpoint(fromEndpoint ?? '', flags, target)
  const { sources, tables } = await sourcesAt(path, { files, table, delimiter, header: header?.split(',') })
  return { sources, tables: [...given, ...tables] }
}

async function ofEndpoint(endpoint: string, { table }: Flags, target: Target): Promise<Sources> {
  if (!/^https?:\/\/\S+$/.test(endpoint))
    throw new Failure(`--from-endpoint ${endpoint} is no http:// or https:// address`)
  const from = new Target({ region: target.place.region, endpoint })
  const names = table === undefined ? await tablesOf(from) : [table]
  const tables = []
  for (const name of names) {
    const input = await definitionOf(from, name)
    tables.push({ from: name, input: { ...input, TableName: name }, replicas: [], leftOut: [] })
  }
  return { sources: names.map((name) => endpointTable(from, name, undefined)), tables }
}

/** A line a second, on the error stream. */
function shown(): (loaded: Loaded) => void {
  const beganMs = performance.now()
  let lastMs = beganMs
  return ({ put, removed, failed, before, source }) => {
    const nowMs = performance.now()
    if (nowMs - lastMs < shownMs) return
    lastMs = nowMs
    const rate = Math.round(((put + removed - before) * 1000) / (nowMs - beganMs))
    const wrong = failed === 0 ? '' : `, ${failed} could not be loaded`
    console.error(
      `  ${(put + removed).toLocaleString('en')} items, ${rate.toLocaleString('en')} a second${wrong}: ${source}`,
    )
  }
}

function textOf({ put, removed, problems, failed, before }: Loaded): string {
  const gone = removed === 0 ? '' : `, ${removed} deleted`
  const earlier = before === 0 ? '' : ` (${before} of them by an earlier run)`
  const named = problems.slice(0, problemsPrinted).map(({ place, message }) => `  ${place}: ${message}`)
  const more = failed > named.length ? [`  and ${failed - named.length} more`] : []
  return [`  ${put} items loaded${gone}${earlier}`, ...named, ...more].join('\n')
}
