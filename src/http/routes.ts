/** What is not the API: health, readiness, metrics, administration, and AWS's answers to whatever else comes. */
import { jsonInTurns } from './json-in-turns.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { replyHeaders } from './reply.ts'
import type { RequestIds } from './request-id.ts'

export type Readiness = { readonly ready: boolean; readonly [detail: string]: unknown }

/** Served below /admin/ as JSON, to clients on this machine only. Throws ServiceError like an operation. */
export type AdminRoute = {
  readonly method: 'GET' | 'POST'
  /** Such as `/admin/links`. */
  readonly path: string
  readonly answer: (request: { readonly query: Readonly<Record<string, string>>; readonly body: unknown }) => unknown
}

export type RouteOptions = {
  readonly readiness: () => Readiness
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  readonly admin?: readonly AdminRoute[]
}

type Surroundings = { readonly region: string; readonly ids: RequestIds; readonly crossOrigin: boolean }

export function addRoutes(
  app: FastifyInstance,
  options: RouteOptions,
  { region, ids, crossOrigin }: Surroundings,
): void {
  app.get('/', (_, reply) => text(reply, `healthy: dynamodb.${region}.amazonaws.com `, ids))
  app.get('/health', () => ({ status: 'ok', region }))
  app.get('/ready', (_, reply) => {
    const readiness = options.readiness()
    return reply.code(readiness.ready ? 200 : 503).send(readiness)
  })
  app.get('/metrics', async (_, reply) => {
    const { contentType, text: lines } = await options.metrics()
    return reply.type(contentType).send(lines)
  })
  addAdmin(app, options.admin ?? [])
  app.setNotFoundHandler((request, reply) =>
    crossOrigin && request.method === 'OPTIONS' && request.headers.origin !== undefined
      ? preflight(request, reply, ids)
      : text(reply.code(404), '<UnknownOperationException/>\n', ids),
  )
}

function text(reply: FastifyReply, body: string, ids: RequestIds): FastifyReply {
  return reply.headers(replyHeaders(ids(), body)).type('text/plain').send(body)
}

function preflight(request: FastifyRequest, reply: FastifyReply, ids: RequestIds): FastifyReply {
  const { 'access-control-request-headers': headers, 'access-control-request-method': method } = request.headers
  reply.header('Access-Control-Allow-Origin', '*').header('Access-Control-Max-Age', '172800')
  if (headers !== undefined) reply.header('Access-Control-Allow-Headers', headers)
  if (method !== undefined) reply.header('Access-Control-Allow-Methods', method)
  return text(reply, '', ids)
}

function addAdmin(app: FastifyInstance, routes: readonly AdminRoute[]): void {
  for (const { method, path, answer } of routes)
    app.route({
      method,
      url: path,
      preHandler: async (request, reply) => {
        if (!isLocal(request)) return reply.code(403).send({ error: 'administration is served to this machine only' })
        return undefined
      },
      handler: async (request, reply) => {
        const query = request.query as Readonly<Record<string, string>>
        const told = (await answer({ query, body: request.body })) ?? {}
        return reply.type('application/json; charset=utf-8').send(await jsonInTurns(told))
      },
    })
}

const loopback = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/
const localNames = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/

/** The name too, since a page of the web can make a name of its own point to this machine. */
function isLocal(request: FastifyRequest): boolean {
  return loopback.test(request.socket.remoteAddress ?? '') && localNames.test(request.headers.host ?? '')
}
