/**
 * Who may speak to a port of ours, judged by what browsers and proxies say of a request. One policy for every HTTP port: API, caches, front
 * door, health, metrics, administration, and the control of links.
 *
 * A web page can make its visitor's browser send requests to this machine. The browser names the page's origin, so by default a request
 * with an origin is refused; `--cors` names the origins that may use the API. A page can also give this machine a name of its own (DNS
 * rebinding), so on the loopback only local names are served.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

export type VisitorOptions = {
  /** Origins whose pages may use the API, such as http://localhost:3000; `*` for all. */
  readonly cors?: readonly string[]
  /** Names beside the local ones that a request on the loopback may be for, as of a proxy on this machine. */
  readonly hostNames?: readonly string[]
}

/** Where a request arrived: the address that the server listens on, or that of the connection. */
export type Arrival = { readonly address: string | undefined }

/** Of a server that listens on the loopback alone, the same for all; else that of the connection. */
export function arrivalOf(request: IncomingMessage, server: Arrival): Arrival {
  return server.address !== undefined && isLoopback(server.address) ? server : { address: request.socket.localAddress }
}

export class Visitors {
  readonly #origins: ReadonlySet<string>
  readonly #hostNames: ReadonlySet<string>
  /** The same few hosts come again and again. */
  #lastHost = ''

  constructor({ cors = [], hostNames = [] }: VisitorOptions = {}) {
    this.#origins = new Set(cors.map((origin) => origin.toLowerCase()))
    this.#hostNames = new Set(hostNames.map((name) => name.toLowerCase()))
  }

  /** Why the request is refused, for people to read; undefined when it may come in. */
  refusal(headers: IncomingHttpHeaders, { address }: Arrival): string | undefined {
    const { origin, host = '' } = headers
    if (origin !== undefined && !this.mayUse(origin))
      return `a page of ${shownName(origin)} may not use this port (see --cors)`
    if (origin === undefined && isFromElsewhere(headers['sec-fetch-site']) && !this.#origins.has('*'))
      return 'a page of another site may not use this port (see --cors)'
    if (host === this.#lastHost || address === undefined || !isLoopback(address)) return undefined
    if (!this.#isLocalName(nameOf(host)))
      return `on the loopback ${shownName(host)} is not served: use localhost or 127.0.0.1, or give the name by --host-names`
    this.#lastHost = host
    return undefined
  }

  mayUse(origin: string): boolean {
    return this.#origins.has('*') || this.#origins.has(origin.toLowerCase())
  }

  #isLocalName(name: string): boolean {
    return localNames.has(name) || name.endsWith('.localhost') || isLoopback(name) || this.#hostNames.has(name)
  }
}

/** Names of this machine, and those under which containers on it know it; no name can be registered below `.internal`. */
const localNames: ReadonlySet<string> = new Set([
  'localhost',
  'host.docker.internal',
  'gateway.docker.internal',
  'host.containers.internal',
])

const loopback = /^(::1|\[::1\]|(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost)$/

export function isLoopback(address: string): boolean {
  return loopback.test(address)
}

/** Without the port, in lower case. */
function nameOf(host: string): string {
  return host.replace(/:\d{0,5}$/, '').toLowerCase()
}

function isFromElsewhere(site: string | string[] | undefined): boolean {
  return site === 'cross-site' || site === 'same-site'
}

/** What proxies add, beside all that begins with `x-forwarded`. One that passes a stranger's request on to the loopback makes it look like one of this machine. */
const proxyHeaders: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-forwarded-for',
  'x-envoy-external-address',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'fly-client-ip',
])

/** Whether a proxy has passed the request on; such a request may use the API, and nothing else. */
export function isForwarded(headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some((name) => name.startsWith('x-forwarded') || proxyHeaders.has(name))
}

const shownNameMax = 100

function shownName(text: string): string {
  return JSON.stringify(text.length > shownNameMax ? `${text.slice(0, shownNameMax)}…` : text)
}
