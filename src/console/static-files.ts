/** The page: a few files that the build has made. All are read, and compressed, when the console starts. */
import { hash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { Failure } from '../process/failure.ts'

type File = { readonly type: string; readonly bytes: Buffer; readonly zipped: Buffer; readonly tag: string }
export type StaticFiles = ReadonlyMap<string, File>

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}
/** Where the build puts them: beside this file, or, when the sources run, in what was built of them. */
const places = ['./static/', '../../dist/console/static/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** By path. Throws a Failure when the page has not been built. */
export function readStaticFiles(): StaticFiles {
  const folder = places.find((place) => existsSync(join(place, 'index.html')))
  if (folder === undefined)
    throw new Failure(`the console's page is not built: there is no ${places[0]}; run npm run build`)
  const names = readdirSync(folder).filter((name) => types[extname(name)] !== undefined)
  return new Map(names.map((name) => [name === 'index.html' ? '/' : `/${name}`, fileAt(join(folder, name))]))
}

function fileAt(path: string): File {
  const bytes = readFileSync(path)
  const tag = `"${hash('sha256', bytes).slice(0, 32)}"`
  return { type: types[extname(path)] ?? '', bytes, zipped: gzipSync(bytes), tag }
}

export function sendFile(request: IncomingMessage, response: ServerResponse, file: File): void {
  const about = { 'Content-Type': file.type, 'Cache-Control': 'no-cache', ETag: file.tag, Vary: 'Accept-Encoding' }
  if (request.headers['if-none-match'] === file.tag) return void response.writeHead(304, about).end()
  const isZipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  const body = isZipped ? file.zipped : file.bytes
  const encoding = isZipped ? { 'Content-Encoding': 'gzip' } : {}
  response.writeHead(200, { ...about, ...encoding, 'Content-Length': body.length })
  response.end(request.method === 'HEAD' ? undefined : body)
}
