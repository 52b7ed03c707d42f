/**
 * Who may administer: a client that brings the deployment's token as `Authorization: Bearer …`, from this machine or another. One rule for the nodes'
 * /admin/, the control of links and the control of `longitude up`.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isForwarded, Visitors } from './visitors.ts'

/** Why the request may not administer, for people to read; undefined when it may. */
export function adminRefusal(headers: IncomingHttpHeaders, token: string | undefined): string | undefined {
  if (headers.origin !== undefined) return 'no page of a browser may administer'
  if (isForwarded(headers)) return 'a proxy has passed this request on: administration is asked for directly'
  if (token === undefined) return 'administration is not served here'
  if (hasToken(headers.authorization, token)) return undefined
  return 'administration needs its token: commands find it in the file admin-token beside the data, or by --admin-token-file'
}

/** Of a port that serves administration alone. */
export function controlRefusal(
  headers: IncomingHttpHeaders,
  { token, address, open = false }: Control,
): string | undefined {
  return new Visitors().refusal(headers, { address }) ?? (open ? undefined : adminRefusal(headers, token))
}

type Control = {
  readonly token: string | undefined
  readonly address: string | undefined
  /** For what asks for no token. */
  readonly open?: boolean
}

/** Compares in a time that says nothing of where the texts differ. */
function hasToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
  return given !== undefined && timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', token, 'buffer'))
}
