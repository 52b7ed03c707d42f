/**
 * The head of a request as every SDK writes it, taken apart. It is strict on purpose: whatever has any other shape (another
 * method or path, a header twice, chunks, an upgrade, folded lines, odd bytes) is none of its business and goes to Node's
 * parser, which knows what to make of it. So nothing is ever understood here in two ways.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { bodyBytesMaxOf } from '../../core/wire/body-size.ts'

export type RequestHead = {
  readonly url: string
  /** By name in lower case. */
  readonly headers: IncomingHttpHeaders
  /** As they came, names and values in turn. */
  readonly rawHeaders: () => readonly string[]
  readonly contentLength: number
}

/** Without its empty line. Undefined: not in the one shape that is known here. */
export function readHead(text: string): RequestHead | undefined {
  const lineEnd = text.indexOf('\r\n')
  if (lineEnd < 0 || !text.startsWith(lineStart) || !text.startsWith(versionText, lineEnd - versionText.length))
    return undefined
  const url = text.slice(5, lineEnd - versionText.length)
  if (!isRoot(url) || !usual.test(text)) return undefined
  const headers: Record<string, string> = {}
  for (let at = lineEnd + 2; at <= text.length;) {
    const next = text.indexOf('\r\n', at)
    const end = next < 0 ? text.length : next
    const colon = text.indexOf(':', at)
    if (colon <= at || colon >= end) return undefined
    const name = knownName(text.slice(at, colon))
    if (name === undefined || headers[name] !== undefined) return undefined
    const value = valueIn(text, colon + 1, end)
    if (value.includes('\n') || value.includes('\r')) return undefined
    headers[name] = value
    at = end + 2
  }
  const length = headers['content-length']
  if (length === undefined || !lengthText.test(length) || headers['host'] === undefined) return undefined
  const connection = headers['connection']
  if (connection !== undefined && connection !== 'keep-alive' && connection !== 'Keep-Alive') return undefined
  // Node's parser announces a larger one before its body has come, and api.ts refuses it then.
  if (Number(length) > bodyBytesMaxOf({ url, headers })) return undefined
  return { url, headers, rawHeaders: () => rawHeadersOf(text), contentLength: Number(length) }
}

/** Without blanks and tabs around it; `trim` would take more away than these. */
function valueIn(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function rawHeadersOf(text: string): string[] {
  const [, ...lines] = text.split('\r\n')
  return lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), valueIn(line, colon + 1, line.length)]
  })
}

const lineStart = 'POST /'
const versionText = ' HTTP/1.1'
const lengthText = /^\d{1,8}$/
/** Printable bytes, tabs and lines' ends alone. To match all of a head takes two thirds of what the search for another byte takes. */
const usual = /^[\t\r\n\x20-\x7e\x80-\xff]*$/
/** What changes how the rest is to be read, or asks for something. */
const elsewhere = ['transfer-encoding', 'content-encoding', 'upgrade', 'expect', 'trailer', 'te', 'http2-settings']
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** The same few names come again and again. */
const names = new Map<string, string>()
const namesMax = 500

/** In lower case; undefined for what is no name, or one that is not for us. */
function knownName(given: string): string | undefined {
  const known = names.get(given)
  if (known !== undefined) return known
  const name = given.toLowerCase()
  // Own members of every object: not worth an object without them.
  if (!token.test(given) || name in {} || elsewhere.includes(name)) return undefined
  if (names.size < namesMax) names.set(given, name)
  return name
}

function isRoot(url: string): boolean {
  return url === '/' || (url.startsWith('/?') && !url.includes(' '))
}
