/**
 * The wire's other half (see core/wire/input.ts): HTTP. A usual `POST /` is read from its socket (http/connection.ts) and an
 * unusual one by node:http, both for the API (http/api.ts); fastify serves everything else, and is loaded when that comes:
 *
 *   GET /         what load balancers and SDKs probe, in DynamoDB's words
 *   GET /health   liveness    GET /ready   whether this region can be served    GET /metrics   Prometheus
 *   /admin/…      what node/ hands in as `admin`: JSON, from this machine only
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { ClientDemand } from '../core/pace/client-demand.ts'
import { required } from '../core/assert.ts'
import { adminBodyBytesMax, connectionsMax, idleConnectionMsMax } from '../core/limits/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { Env } from '../ports/env.ts'
import { apiPipeline, type ApiPipelineOptions, pathsBeside } from './api-pipeline.ts'
import { Api } from './api.ts'
import { ConnectionSlots } from './connection-slots.ts'
import { type ConnectionApi, Connections, type ConnectionsOptions } from './connection.ts'
import { drain } from './draining.ts'
import type { Send } from './processes/forwarding.ts'
import { boundHeads, headSettings, refusedHead } from './bytes/heads.ts'
import { HttpSockets } from './bytes/http-sockets.ts'
import { replyHeaders } from './bytes/reply.ts'
import type { ApiRequest, Pipeline } from './pipeline.ts'
import { listening, listeningAt } from './listening.ts'
import { cameBy, isServedPrivately, listenerOf, type PrivateListener } from './private-listener.ts'
import { requestIds } from './request-id.ts'
import { Handshakes, type PortCertificate } from './secure.ts'
import { addRoutes, answerError, type RouteOptions } from './routes.ts'
import { type VisitorOptions, Visitors } from './access/visitors.ts'
import { type UnreadBounds, UnreadReplies } from './bytes/unread-replies.ts'

export type ListenOptions = RouteOptions & {
  /** 127.0.0.1 unless told otherwise. */
  readonly host?: string
  /** 0 takes a free one. */
  readonly port: number
  /** HTTPS. */
  readonly tls?: PortCertificate | undefined
  /** With which TLS sessions are resumed, where several processes share the port. */
  readonly ticketKeys?: Buffer | undefined
  /** The same by HTTP on the loopback, beside HTTPS: for this machine’s own tools. */
  readonly loopbackPort?: number | undefined
  /** Further ones are closed as they come. */
  readonly connectionsMax?: number
  /** Which pages and names are served; none but this machine's own when it is not given. */
  readonly visitors?: VisitorOptions
  /** Of replies that clients do not read; as in core/limits/limits.ts unless said otherwise. */
  readonly unread?: UnreadBounds
  /** Another listener, for those that are let in by another way. */
  readonly privately?: PrivateListener | undefined
  /** Told of clients' requests. */
  readonly demand?: ClientDemand | undefined
  /** Is offered every connection; true when another process takes it. */
  readonly distribute?: (socket: Socket) => boolean
  /** What takes requests that are read from their sockets; the API itself unless it says otherwise. */
  readonly front?: (api: Api) => ConnectionApi
  /** Is offered every connection on which something unusual has come, as `handOver` of connection.ts is; true when it takes it. */
  readonly passOn?: (...given: Parameters<ConnectionsOptions['handOver']>) => boolean
  /** It has no port of its own: requests and connections come from another server (`answer`, `takeBack`). */
  readonly isInner?: boolean
  /** Replies beside the API's end their connections: what comes next may be for another server. */
  readonly endsRest?: boolean
}

export type ServerOptions = ListenOptions & ApiPipelineOptions

export type RunningServer = {
  readonly host: string
  readonly port: number
  readonly url: string
  /** Of HTTP beside HTTPS; undefined where there is none. */
  readonly loopbackPort: number | undefined
  /** Open now. */
  readonly connections: () => Promise<number>
  /** From now on the server does not keep the process alive; its connections do, unless `distribute` has let go of them. */
  readonly unref: () => void
  /** Bytes held for clients: of request bodies, and of replies that are not read. */
  readonly heldBytes: () => number
  /** A connection that was given away comes back, with what was received on it. */
  readonly takeBack: (socket: Socket, received: Buffer) => void
  /** A request of another process of this region. */
  readonly answer: (request: ApiRequest, send: Send) => void
  /**
   * Answers every request that was begun, executes none that cannot be answered (draining.ts), and resolves when no connection is
   * left. `others` are processes that may still hand over connections or requests.
   */
  readonly close: (others?: Promise<unknown>) => Promise<void>
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { env, settings } = options.context
  const alsoAt = pathsBeside(options)
  return serveApi({ ...options, region: settings.region, env, answer: apiPipeline(options), alsoAt })
}

export type ApiServerOptions = ListenOptions & {
  readonly region: string
  readonly env: Pick<Env, 'clock' | 'random' | 'meter'>
  readonly answer: Pipeline
  /** What the paths of other APIs begin with that are answered too. */
  readonly alsoAt?: readonly string[]
  /** Answers, as it can, what has been begun and takes too long when the server closes. */
  readonly giveUp?: () => void
}

/** `answer` is the region's own pipeline, or that of a cache before it. */
export async function serveApi(options: ApiServerOptions): Promise<RunningServer> {
  const { env, region, answer, host = '127.0.0.1' } = options
  const { clock } = env
  const ids = requestIds(env.random)
  const surroundings = { region, ids, visitors: new Visitors(options.visitors), arrival: { address: host } }
  const api = new Api({ ...surroundings, env, answer, requestIds: ids, demand: options.demand })
  const rest = restOf(options, surroundings)
  const sockets = new HttpSockets()
  const unread = new UnreadReplies(options.unread)
  const handle = handlerOf(options, { api, rest, sockets, unread, ids })
  const { tls } = options
  const { server, twin, beside, privately, servers } = serversOf({ ...options, host }, handle)
  const handshakes = tls === undefined ? undefined : new Handshakes(tls, options.ticketKeys)
  const passing = { most: options.connectionsMax, ...(options.passOn === undefined ? {} : { passOn: options.passOn }) }
  const taken = servers.map((each) => {
    const usual = each === beside ? {} : { handshakes, distribute: options.distribute }
    const before = each === privately ? privateOnes(options, handshakes) : usual
    return takeConnections(each, { api: options.front?.(api) ?? api, clock, sockets, unread, ...passing, ...before })
  })
  const port = options.isInner === true ? 0 : await listen({ server, twin, beside, privately, servers }, options)
  let closed = false
  return {
    host,
    port,
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    loopbackPort: (beside?.address() as AddressInfo | undefined)?.port,
    connections: async () => (await Promise.all(servers.map(openOf))).reduce((sum, count) => sum + count, 0),
    unref: () => {
      for (const each of servers) each.unref()
    },
    heldBytes: () => api.heldBytes + unread.heldBytes,
    takeBack: (socket, received) => {
      if (closed) socket.destroy()
      else takenBack(server, sockets, socket, received)
    },
    answer: (request, send) => {
      const held = request.body.length
      if (api.hold(held, held)) api.answer(request, held, send)
      else api.throttle(send)
    },
    close: async (others) => {
      await drained(options, { api, sockets, servers, taken, handshakes }, others)
      closed = true
      await rest.close()
    },
  }
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void

type Handling = {
  readonly api: Api
  readonly rest: Pick<ReturnType<typeof restOf>, 'serve'>
  readonly sockets: HttpSockets
  readonly unread: UnreadReplies
  readonly ids: ReturnType<typeof requestIds>
}

/** What node:http has read whole: for the API, or for the paths beside it. */
function handlerOf({ alsoAt = [], endsRest }: ApiServerOptions, { api, rest, sockets, unread, ids }: Handling): Handle {
  return (request, response) => {
    unread.watch(response)
    if (refusedHead(request, response)) return
    sockets.begin(request, response, () => {
      const endsWith = (): boolean => sockets.endsWith(response)
      const { method, url } = request
      const isElsewhere = alsoAt.some((prefix) => url?.startsWith(prefix) === true)
      const isOutside = listenerOf(request.socket) !== undefined && !isServedPrivately(url)
      if (isOutside) notServed(response, ids())
      else if ((method === 'POST' && isRoot(url)) || isElsewhere) void api.serve(request, response, endsWith)
      else {
        if (endsRest === true || (api.closing && endsWith())) response.setHeader('Connection', 'close')
        void rest.serve(request, response)
      }
    })
  }
}

type Ending = Pick<Handling, 'api' | 'sockets'> & {
  readonly servers: readonly Server[]
  readonly taken: readonly Connections[]
  readonly handshakes: Handshakes | undefined
}

/** Resolves when every connection has ended. */
async function drained({ env, giveUp }: ApiServerOptions, ending: Ending, others?: Promise<unknown>): Promise<void> {
  const { api, sockets, servers, taken, handshakes } = ending
  api.close()
  await drain({
    servers,
    clock: env.clock,
    begin: () => {
      handshakes?.close()
      for (const connections of taken) connections.close()
      sockets.close()
    },
    refuse: () => {
      api.refuse()
      for (const connections of taken) connections.refuseUnread()
    },
    giveUp: giveUp ?? (() => {}),
    destroy: () => {
      for (const connections of taken) connections.closeAll()
      sockets.destroyAll()
    },
    gone: async () => {
      await others
      for (const connections of taken) await connections.gone()
      await sockets.gone()
    },
  })
}

/** `twin`: the same at the other loopback address. `beside`: by HTTP, beside HTTPS. */
function serversOf(
  { host = '127.0.0.1', loopbackPort, privately: own, connectionsMax: most = connectionsMax }: ListenOptions,
  handle: Handle,
) {
  const settings = { ...headSettings, keepAliveTimeout: idleConnectionMsMax }
  const make = (): Server => createServer(settings, handle)
  const server = make()
  const twin = twinned.has(host) ? make() : undefined
  const beside = loopbackPort === undefined ? undefined : createServer(settings, handle)
  const privately = own === undefined ? undefined : createServer(settings, handle)
  const servers = [server, twin, beside, privately].filter((each) => each !== undefined)
  for (const each of servers) {
    each.maxConnections = most + 1
    boundHeads(each)
  }
  return { server, twin, beside, privately, servers }
}

type Beside = {
  readonly beside: Server | undefined
  readonly privately: Server | undefined
  readonly servers: readonly Server[]
}

type All = Beside & { readonly server: Server; readonly twin: Server | undefined }

/** Returns the port. */
async function listen({ server, twin, ...others }: All, options: ListenOptions): Promise<number> {
  await listening(server, options.host ?? '127.0.0.1', options.port)
  await listenBeside(others, options)
  const { port } = server.address() as AddressInfo
  // Clients find localhost at either address. A machine may have no IPv6, or another program there.
  if (twin !== undefined) await listening(twin, '::1', port).catch(() => undefined)
  return port
}

async function listenBeside({ beside, privately, servers }: Beside, options: ListenOptions): Promise<void> {
  const { loopbackPort: port = 0, privately: own } = options
  try {
    if (beside !== undefined) await listening(beside, '127.0.0.1', port)
    if (privately !== undefined && own !== undefined) await listeningAt(privately, own.at)
  } catch (error) {
    for (const each of servers) each.close()
    throw error
  }
}

/** A unix socket is as private as its file: nothing is encrypted on it. */
function privateOnes({ privately }: ListenOptions, handshakes: Handshakes | undefined) {
  return { privately, handshakes: privately !== undefined && 'path' in privately.at ? undefined : handshakes }
}

function notServed(response: ServerResponse, id: string): void {
  response.writeHead(404, { ...replyHeaders(id, ''), 'Content-Length': 0 }).end()
}

/** Every address of IPv4, or the loopback's, and no address of IPv6. */
const twinned: ReadonlySet<string> = new Set(['127.0.0.1', '0.0.0.0'])

async function openOf(server: Server): Promise<number> {
  return await new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error === null ? count : 0))
  })
}

type Taking = Pick<ListenOptions, 'passOn'> & {
  readonly most: number | undefined
  readonly api: ConnectionApi
  readonly clock: Clock
  readonly sockets: HttpSockets
  readonly unread: UnreadReplies
  readonly distribute?: ServerOptions['distribute']
  readonly handshakes?: Handshakes | undefined
  readonly privately?: PrivateListener | undefined
}

/** Node's own way with a new connection, kept for what is handed over, and the slots of a server's connections. */
const listeners = new WeakMap<Server, (socket: Socket) => void>()
const slots = new WeakMap<Server, ConnectionSlots>()

/** The server accepts; each connection is ours first, and node:http's once something unusual has come on it. */
function takeConnections(
  server: Server,
  { most = connectionsMax, api, clock, sockets, unread, distribute, handshakes, privately, passOn }: Taking,
): Connections {
  const [listener] = server.listeners('connection') as [(socket: Socket) => void]
  listeners.set(server, listener)
  const own = new ConnectionSlots(most, () => clock.monotonicMs())
  slots.set(server, own)
  const connections = new Connections({
    api,
    handOver: (socket, received, taken) => {
      if (passOn?.(socket, received, taken) === true) return
      takenBack(server, sockets, socket, received)
      taken()
    },
    monotonicMs: () => clock.monotonicMs(),
    unread,
  })
  // Nothing may be read of a connection that is given away.
  Object.assign(server, { pauseOnConnect: distribute !== undefined })
  server.removeAllListeners('connection')
  server.on('connection', (socket) => {
    if (distribute?.(socket) === true || !own.take(socket)) return
    const accept = (ready: Socket): void => {
      if (privately !== undefined) cameBy(ready, privately)
      connections.accept(ready)
      ready.resume()
    }
    if (handshakes === undefined) accept(socket)
    else handshakes.begin(socket, accept)
  })
  return connections
}

function takenBack(server: Server, sockets: HttpSockets, socket: Socket, received: Buffer): void {
  if (slots.get(server)?.take(socket) === false) return
  sockets.add(socket)
  socket.pause()
  socket.unshift(received)
  listeners.get(server)?.call(server, socket)
  socket.resume()
}

type Rest = { serve(request: IncomingMessage, response: ServerResponse): Promise<void>; close(): Promise<void> }

/** Fastify takes longer to load than all else together, and an API may run for long before somebody asks for anything else. */
function restOf(options: RouteOptions, surroundings: Parameters<typeof addRoutes>[2]): Rest {
  let loading: Promise<{ readonly app: FastifyInstance; readonly handle: Handler }> | undefined
  const load = async () => {
    const { default: fastify } = await import('fastify')
    let handle: Handler | undefined
    const app = fastify({
      bodyLimit: adminBodyBytesMax,
      frameworkErrors: answerError(surroundings.ids),
      serverFactory: (handler) => {
        handle = handler
        return createServer()
      },
    })
    addRoutes(app, options, surroundings)
    await app.ready()
    return { app, handle: required(handle, 'the handler of fastify') }
  }
  return {
    serve: async (request, response) => {
      loading ??= load()
      try {
        const { handle } = await loading
        handle(request, response)
      } catch {
        // Its files could not be read, as when no descriptor is left: the next request tries again.
        loading = undefined
        response.writeHead(503, { ...replyHeaders(surroundings.ids(), ''), 'Content-Length': 0 }).end()
      }
    },
    close: async () => await (await loading)?.app.close(),
  }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

function isRoot(url: string | undefined): boolean {
  return url === '/' || url?.startsWith('/?') === true
}
