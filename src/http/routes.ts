/** What is not the API: health, readiness, metrics, administration, and AWS's answers to whatever else comes. */
import { jsonInTurns } from './json-in-turns.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { adminRefusal } from './administration.ts'
import { replyHeaders } from './reply.ts'
import type { RequestIds } from './request-id.ts'
import { type Arrival, arrivalOf, type Visitors } from './visitors.ts'

export type Readiness = { readonly ready: boolean; readonly [detail: string]: unknown }

/** Served below /admin/ as JSON, to clients with the deployment's token. Throws ServiceError like an operation. */
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
  /** What administration asks for; without it, administration is refused. */
  readonly adminToken?: string
}

type Surroundings = {
  readonly region: string
  readonly ids: RequestIds
  readonly visitors: Visitors
  readonly arrival: Arrival
}

export function addRoutes(
  app: FastifyInstance,
  options: RouteOptions,
  { region, ids, visitors, arrival }: Surroundings,
): void {
  app.addHook('onRequest', async (request, reply) => {
    const reason = visitors.refusal(request.headers, arrivalOf(request.raw, arrival))
    return reason === undefined ? undefined : reply.code(403).send({ error: reason })
  })
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
  addAdmin(app, options)
  app.setNotFoundHandler((request, reply) =>
    request.method === 'OPTIONS' && request.url.split('?')[0] === '/' && request.headers.origin !== undefined
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

function addAdmin(app: FastifyInstance, { admin = [], adminToken }: RouteOptions): void {
  for (const { method, path, answer } of admin)
    app.route({
      method,
      url: path,
      preHandler: async (request, reply) => {
        const reason = adminRefusal(request.headers, adminToken)
        return reason === undefined ? undefined : reply.code(403).send({ error: reason })
      },
      handler: async (request, reply) => {
        const query = request.query as Readonly<Record<string, string>>
        const told = (await answer({ query, body: request.body })) ?? {}
        return reply.type('application/json; charset=utf-8').send(await jsonInTurns(told))
      },
    })
}
