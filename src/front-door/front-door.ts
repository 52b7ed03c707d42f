/**
 * One endpoint for all regions: each request goes to the region that its signature names, body and reply as they are, byte
 * for byte, so that signatures still hold. node:http does it: a proxy's library would parse, buffer or rewrite more than
 * this and know nothing of regions. Only the API passes; health, metrics and /admin/ are the nodes' own affair, and
 * what comes from here would look to them as if it came from their own machine.
 */
import { Agent, createServer, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { ClientRequest, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ServiceError, errors } from '../core/errors.ts'
import {
  connectionsMax,
  frontDoorConnectionsMax,
  frontDoorStalledMax,
  idleConnectionMsMax,
  replyStalledMsMax,
} from '../core/limits/limits.ts'
import { carriesCutsHeader } from '../core/wire/cut-header.ts'
import { renderError } from '../core/wire/render.ts'
import { type Problem, refusalOfBody } from '../http/api.ts'
import { BodyBudget } from '../http/bytes/body-budget.ts'
import { takeSlots } from '../http/connection-slots.ts'
import { drain } from '../http/draining.ts'
import { readBody } from '../http/bytes/request-body.ts'
import { boundHeads, headSettings, refusedHead } from '../http/bytes/heads.ts'
import { HttpSockets } from '../http/bytes/http-sockets.ts'
import { cutIn, cutSocket, replyHeaders } from '../http/bytes/reply.ts'
import { arrivalOf, type VisitorOptions, Visitors } from '../http/access/visitors.ts'
import { requestIds } from '../http/request-id.ts'
import { secured, type PortCertificate } from '../http/secure.ts'
import { systemClock } from '../adapters/system/clocks.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { connectionsAffordable } from '../process/descriptors.ts'
import { Failure, codeOf, messageOf } from '../process/failure.ts'
import { SecureAgent } from '../process/requests/trust.ts'
import { Health } from './health.ts'
import { isOwnRegion } from '../core/auth/signed-region.ts'
import { regionOf } from './region-of.ts'
import { ordersOf, type Roads, routeOf } from './route.ts'

export type FrontDoorOptions = {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Where each region's API is. */
  readonly endpoints: Readonly<Record<string, string>>
  /** To the nearest healthy region, when the one that is asked for is not. */
  readonly failover: boolean
  readonly tls?: PortCertificate | undefined
  readonly roundTripMs: (from: string, to: string) => number | undefined
  readonly visitors?: VisitorOptions
  readonly onHealth?: (region: string, healthy: boolean) => void
  readonly healthEveryMs?: number
  /** As in core/limits/limits.ts unless given. */
  readonly stalledMax?: number
  readonly connectionsMax?: number
}

/** Says which region answered. */
const regionHeader = 'x-longitude-region'
/** Shorter than the nodes keep theirs, so that no request meets a connection that is just being closed. */
const idleMsMax = idleConnectionMsMax / 2
const agentOptions = {
  keepAlive: true,
  maxSockets: frontDoorConnectionsMax,
  timeout: idleMsMax,
  scheduling: 'lifo',
} as const
/** They are between two machines and no part of the message. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse }
type Passing = Exchange & { readonly region: string; readonly body: Buffer }

export class FrontDoor {
  readonly #options: FrontDoorOptions
  readonly #agents = { 'http:': new Agent(agentOptions), 'https:': new SecureAgent(agentOptions) }
  readonly #orders: ReadonlyMap<string, readonly string[]>
  readonly #underWay = new Map<ClientRequest, string>()
  readonly #ids = requestIds(systemRandom)
  readonly #server: Server
  readonly #endHandshakes: () => void
  readonly #health: Health
  readonly #sockets = new HttpSockets()
  readonly #visitors: Visitors
  readonly #budget = new BodyBudget(() => systemClock.monotonicMs())
  /** Refuse requests whose bodies are awaited. */
  readonly #awaited = new Set<() => void>()
  /** Replies whose clients do not read, in the order in which they stopped. */
  readonly #stalled = new Set<ServerResponse>()
  #refusing = false

  /** Rejects with a Failure when the port cannot be had. */
  static async open(options: FrontDoorOptions): Promise<FrontDoor> {
    const door = new FrontDoor(options)
    const { host, port } = options
    await new Promise<void>((resolve, reject) => {
      door.#server.once('error', (error) => reject(new Failure(`the front door cannot listen: ${messageOf(error)}`)))
      door.#server.listen({ host, port }, resolve)
    }).catch(async (error: unknown) => {
      door.#health.close()
      throw error
    })
    return door
  }

  private constructor(options: FrontDoorOptions) {
    this.#options = options
    this.#visitors = new Visitors(options.visitors)
    this.#orders = ordersOf(Object.keys(options.endpoints), options.roundTripMs)
    this.#health = new Health({
      endpoints: options.endpoints,
      onChange: (region, healthy) => options.onHealth?.(region, healthy),
      onGone: (region) => this.#giveUp(region),
      ...(options.healthEveryMs === undefined ? {} : { everyMs: options.healthEveryMs }),
    })
    this.#server = createServer(
      { ...headSettings, keepAliveTimeout: idleConnectionMsMax, noDelay: true },
      (request, response) => this.#serve(request, response),
    )
    boundHeads(this.#server)
    this.#server.on('connection', (socket) => this.#sockets.add(socket))
    this.#endHandshakes = secured(this.#server, options.tls)
    // Each of its connections may need another one, to a node.
    const most = Math.min(options.connectionsMax ?? connectionsMax, Math.floor(connectionsAffordable() / 2))
    takeSlots(this.#server, most, () => systemClock.monotonicMs())
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Bytes of request bodies. */
  get heldBytes(): number {
    return this.#budget.heldBytes
  }

  /** Replies that wait for clients that do not read. */
  get stalled(): number {
    return this.#stalled.size
  }

  /** Every request that was sent on is answered; none is sent on that cannot be. */
  async close(): Promise<void> {
    this.#health.close()
    await drain({
      servers: [this.#server],
      clock: systemClock,
      begin: () => {
        this.#endHandshakes()
        this.#sockets.close()
      },
      refuse: () => {
        this.#refusing = true
        for (const refuse of this.#awaited) refuse()
      },
      giveUp: () => {
        for (const outgoing of this.#underWay.keys()) outgoing.destroy(new Error('the front door is stopping'))
      },
      destroy: () => this.#sockets.destroyAll(),
      gone: async () => await this.#sockets.gone(),
    })
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (!refusedHead(request, response)) this.#sockets.begin(request, response, () => this.#carryOut(request, response))
  }

  /** A region that is alone answers for every region. */
  #meantBy(region: string): string {
    const [first = region, ...others] = Object.keys(this.#options.endpoints)
    return isOwnRegion(region) || others.length === 0 ? first : region
  }

  #carryOut(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {})
    const [path] = (request.url ?? '/').split('?')
    try {
      const refused = this.#visitors.refusal(request.headers, arrivalOf(request, { address: this.#options.host }))
      if (refused !== undefined) return this.#turnAway(request, response, refused)
      if (this.#refusing) throw stopping()
      if (request.method === 'GET' && path === '/health') this.#tellHealth(response)
      else if (path !== '/' && path !== '/ping')
        this.#answer(response, 404, 'text/plain', Buffer.from('<UnknownOperationException/>\n'))
      else if (request.method === 'POST' && path === '/')
        void this.#take({ request, response }, this.#meantBy(regionOf(request)))
      else void this.#take({ request, response }, this.#anyRegion())
    } catch (error) {
      this.#refuse(request, response, error)
    }
  }

  /** What nobody signs: a browser that asks what it may do, and a look whether somebody is there. */
  #anyRegion(): string {
    const names = [...this.#orders.keys()]
    return names.find((name) => this.#health.isHealthy(name)) ?? names[0] ?? ''
  }

  /** A body that arrives slowly, or never whole, keeps no connection to a region: it is held here, in a budget, until it is whole. */
  async #take({ request, response }: Exchange, region: string): Promise<void> {
    const refuse = (): void => this.#refuse(request, response, stopping())
    this.#awaited.add(refuse)
    const reading = { budget: this.#budget, nowMs: systemClock.monotonicMs(), decodes: false }
    const read = await readBody(request, reading)
    this.#awaited.delete(refuse)
    if ('problem' in read) return this.#notTaken({ request, response }, read.problem)
    const { bytes: body, heldBytes } = read
    if (response.destroyed || response.writableFinished) return this.#budget.giveBack(heldBytes)
    response.once('close', () => this.#budget.giveBack(heldBytes))
    if (response.headersSent) return
    try {
      if (this.#refusing) throw stopping()
      this.#pass({ request, response, region, body })
    } catch (error) {
      this.#refuse(request, response, error)
    }
  }

  #notTaken({ request, response }: Exchange, problem: Problem): void {
    if (problem === 'aborted' || response.headersSent || response.destroyed) return
    const { status, contentType, bytes, headers = {} } = refusalOfBody(problem, request, this.#ids())
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    if (!request.complete) response.setHeader('Connection', 'close')
    this.#answer(response, status, contentType, bytes)
  }

  #pass({ request, response, region, body }: Passing, tried: ReadonlySet<string> = new Set()): void {
    const { failover, endpoints } = this.#options
    const roads: Roads = {
      orders: this.#orders,
      failover,
      isHealthy: (name) => this.#health.isHealthy(name),
      standInOf: (name) => this.#health.standInOf(name),
    }
    const to = routeOf(region, roads, tried)
    const { protocol, hostname, port } = new URL(endpoints[to] ?? '')
    const secure = protocol === 'https:'
    const outgoing = (secure ? httpsRequest : httpRequest)({
      host: hostname.replace(/^\[|\]$/g, ''),
      port,
      method: request.method,
      path: request.url,
      headers: [...passed(request), carriesCutsHeader, '1'],
      setHost: false,
      agent: this.#agents[secure ? 'https:' : 'http:'],
    })
    let begun = false
    this.#underWay.set(outgoing, to)
    response.once('close', () => {
      if (!response.writableFinished) outgoing.destroy()
    })
    outgoing.once('close', () => this.#underWay.delete(outgoing))
    outgoing.once('socket', (socket) => {
      // Until a region is there nothing is sent, so that the request can still go elsewhere.
      const begin = (): void => {
        begun = true
        outgoing.end(body)
      }
      if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', begin)
      else begin()
    })
    outgoing.once('response', (incoming) => {
      this.#health.heard(to)
      this.#answerWith(response, incoming, to)
    })
    outgoing.on('error', (error) => {
      if (response.headersSent || response.destroyed) response.destroy()
      else if (begun) this.#refuse(request, response, lost(to))
      else this.#elsewhere({ request, response, region, body }, new Set([...tried, to]), to, error)
    })
  }

  #elsewhere(passing: Passing, tried: ReadonlySet<string>, refused: string, error: Error): void {
    if (codeOf(error) === 'ECONNREFUSED') this.#health.refused(refused)
    try {
      if (this.#refusing) throw stopping()
      this.#pass(passing, tried)
    } catch (problem) {
      this.#refuse(passing.request, passing.response, problem)
    }
  }

  #answerWith(response: ServerResponse, incoming: IncomingMessage, region: string): void {
    if (response.headersSent || response.destroyed) {
      incoming.destroy()
      return
    }
    const cut = cutIn(incoming)
    if (cut !== undefined) {
      incoming.resume()
      return cutSocket(response.req.socket, cut)
    }
    const headers = [...passed(incoming), regionHeader, region, ...this.#endOf(response)]
    response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, headers)
    incoming.on('error', () => response.destroy())
    // A client that stops reading must not keep a connection to the region.
    response.setTimeout(replyStalledMsMax, () => response.destroy())
    response.once('close', () => this.#stalled.delete(response))
    response.on('drain', () => this.#stalled.delete(response))
    incoming.pipe(response)
    incoming.on('data', () => this.#noteStalled(response))
  }

  /** When too many clients do not read, the one that stopped first is let go. */
  #noteStalled(response: ServerResponse): void {
    if (!response.writableNeedDrain) return
    this.#stalled.add(response)
    const [first] = this.#stalled
    if (this.#stalled.size <= (this.#options.stalledMax ?? frontDoorStalledMax) || first === undefined) return
    this.#stalled.delete(first)
    first.destroy()
  }

  /** Nobody is there any more: whoever waits is told, and may try again. */
  #giveUp(region: string): void {
    for (const [outgoing, to] of this.#underWay) if (to === region) outgoing.destroy(new Error('the region is gone'))
  }

  #tellHealth(response: ServerResponse): void {
    this.#answer(
      response,
      200,
      'application/json',
      Buffer.from(JSON.stringify({ status: 'ok', regions: this.#health.states, leads: this.#health.leads })),
    )
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (response.headersSent || response.destroyed) return
    const told =
      error instanceof ServiceError ? error : new ServiceError('InternalServerError', 'The front door failed.')
    // What is left of the body is read: who is still sending would not hear the answer for the broken connection.
    request.resume()
    this.#answer(response, errors[told.code].status, 'application/x-amz-json-1.0', renderError(told))
  }

  #turnAway(request: IncomingMessage, response: ServerResponse, reason: string): void {
    request.resume()
    const error = new ServiceError('AccessDeniedException', `The request was not passed on: ${reason}.`)
    this.#answer(response, 403, 'application/x-amz-json-1.0', renderError(error))
  }

  #answer(response: ServerResponse, status: number, contentType: string, bytes: Buffer): void {
    const [name, value] = this.#endOf(response)
    response.writeHead(status, {
      'Content-Type': contentType,
      'Content-Length': bytes.length,
      ...replyHeaders(this.#ids(), bytes),
      ...(name === undefined ? {} : { [name]: value }),
    })
    response.end(bytes)
  }

  /** The header of a connection's last reply. */
  #endOf(response: ServerResponse): readonly string[] {
    return this.#sockets.endsWith(response) ? ['Connection', 'close'] : []
  }
}

const stopping = (): ServiceError =>
  new ServiceError('ServiceUnavailable', 'The front door is stopping; the request was not executed.')

const lost = (region: string): ServiceError =>
  new ServiceError(
    'InternalServerError',
    `The connection to ${region} broke before it had answered; what was asked may have been done.`,
  )

/** Names and values by turns, as they came. */
function passed({ rawHeaders, headers }: IncomingMessage): string[] {
  // What the sender means for the next hop alone, it names.
  const named = new Set((headers.connection ?? '').toLowerCase().split(/\s*,\s*/))
  const kept: string[] = []
  for (let n = 0; n + 1 < rawHeaders.length; n += 2) {
    const [name = '', value = ''] = [rawHeaders[n], rawHeaders[n + 1]]
    const lower = name.toLowerCase()
    if (!hopByHop.has(lower) && !(named.has(lower) && lower !== 'host')) kept.push(name, value)
  }
  return kept
}
