/**
 * The wire's other half (see core/wire/input.ts): HTTP. `POST /` goes straight from node:http to the API
 * (http/api.ts) because a framework in between costs a fifth of the throughput; fastify serves everything else:
 *
 *   GET /         what load balancers and SDKs probe, in DynamoDB's words
 *   GET /health   liveness    GET /ready   whether this region can be served    GET /metrics   Prometheus
 *   /admin/…      what node/ hands in as `admin`: JSON, from this machine only
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import type { Credentials } from '../core/auth/credentials.ts'
import type { InvariantViolation } from '../core/assert.ts'
import { connectionsMax, drainMsMax, idleConnectionMsMax } from '../core/limits.ts'
import type { Operation, OperationContext } from '../operations/operation.ts'
import { registry } from '../operations/registry.ts'
import { Api } from './api.ts'
import { pipeline } from './pipeline.ts'
import { requestIds } from './request-id.ts'
import { Signatures } from './signatures.ts'
import { addRoutes, type RouteOptions } from './routes.ts'

export type ServerOptions = RouteOptions & {
  /** 127.0.0.1 unless told otherwise. */
  readonly host?: string
  /** 0 takes a free one. */
  readonly port: number
  /** In PEM: HTTPS. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** The same by HTTP on the loopback, beside HTTPS: for this machine’s own tools. */
  readonly loopbackPort?: number
  readonly context: OperationContext
  /** Told after a broken invariant has been answered with a 500; the node decides to stop. */
  readonly onBrokenInvariant?: (error: InvariantViolation) => void
  /** Whether pages from other origins may call the API, as on AWS. */
  readonly crossOrigin?: boolean
  /** Whose signatures are accepted, as known now; without it anybody's. */
  readonly credentials?: () => Credentials
  /** Other operations than the registry's, for tests. */
  readonly operations?: ReadonlyMap<string, Operation>
}

export type RunningServer = {
  readonly host: string
  readonly port: number
  readonly url: string
  /** Of HTTP beside HTTPS; undefined where there is none. */
  readonly loopbackPort: number | undefined
  /** Ends idle connections at once, waits for requests under way for a few seconds, and then ends those too. */
  readonly close: () => Promise<void>
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { context, host = '127.0.0.1' } = options
  const ids = requestIds(context.env.random)
  const { credentials } = options
  const { clock } = context.env
  const { region } = context.settings
  const door = new Api({
    env: context.env,
    answer: pipeline({
      context,
      ...(credentials === undefined ? {} : { signatures: new Signatures({ credentials, region, clock }) }),
      operations: options.operations ?? registry,
      onBrokenInvariant: options.onBrokenInvariant ?? (() => {}),
    }),
    requestIds: ids,
    crossOrigin: options.crossOrigin ?? true,
  })
  const { tls } = options
  const settings = { keepAliveTimeout: idleConnectionMsMax }
  const server = tls === undefined ? createServer(settings) : createSecureServer({ ...settings, ...tls })
  const beside = options.loopbackPort === undefined ? [] : [createServer(settings)]
  const app = fastify({
    forceCloseConnections: 'idle',
    serverFactory: (handler) => {
      for (const each of [server, ...beside]) {
        each.maxConnections = connectionsMax
        each.on('request', (request: IncomingMessage, response: ServerResponse) => {
          if (request.method === 'POST' && isRoot(request.url)) void door.serve(request, response)
          else handler(request, response)
        })
      }
      return server
    },
  })
  addRoutes(app, options, { region, ids, crossOrigin: options.crossOrigin ?? true })
  await app.listen({ host, port: options.port })
  for (const each of beside) await listening(each, options.loopbackPort ?? 0)
  const { port } = server.address() as AddressInfo
  return {
    host,
    port,
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    loopbackPort: beside.map((each) => (each.address() as AddressInfo).port)[0],
    close: async () => {
      door.close()
      await Promise.all([
        drained(server, () => app.close(), context),
        ...beside.map(async (each) => await drained(each, async () => await closed(each), context)),
      ])
    },
  }
}

function isRoot(url: string | undefined): boolean {
  return url === '/' || url?.startsWith('/?') === true
}

async function listening(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port }, resolve)
  })
}

async function closed(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve))
}

async function drained(server: Server, close: () => PromiseLike<unknown>, { env }: OperationContext): Promise<void> {
  const cancel = env.clock.after(drainMsMax, () => server.closeAllConnections())
  server.closeIdleConnections()
  await close()
  cancel()
}
