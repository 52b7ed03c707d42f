/** What is not the API: health, readiness, metrics, administration, and AWS's answers to whatever else comes. */
import { jsonInTurns } from './bytes/json-in-turns.ts'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { adminBodyBytesMax } from '../core/limits/limits.ts'
import { adminRefusal } from './access/administration.ts'
import { originHeaders, replyHeaders } from './bytes/reply.ts'
import type { RequestIds } from './request-id.ts'
import { type Arrival, arrivalOf, type Visitors } from './access/visitors.ts'

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
  /** Served like it, without a token, to every client that the API serves: of a program for tests. Below /_longitude/. */
  readonly control?: readonly AdminRoute[]
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
    if (reason !== undefined) return reply.code(403).send({ error: reason })
    // Before a body is read that is of no use.
    return request.is404 ? notFound(request, reply) : undefined
  })
  const notFound = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    request.method === 'OPTIONS' && request.url.split('?')[0] === '/' && request.headers.origin !== undefined
      ? preflight(request, reply, ids)
      : text(reply.code(404), '<UnknownOperationException/>\n', ids)
  for (const path of ['/', '/ping'])
    app.get(path, (request, reply) =>
      isForAnotherService(request)
        ? notFound(request, reply)
        : text(reply, `healthy: dynamodb.${region}.amazonaws.com `, ids),
    )
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
  app.setErrorHandler(answerError(ids))
  app.setNotFoundHandler(notFound)
}

/** What is signed for S3 or STS finds no such service here; a listing of buckets is a GET of the root too. */
function isForAnotherService({ headers: { authorization = '' } }: FastifyRequest): boolean {
  const [, service] = /\/([a-z0-9-]+)\/aws4_request/.exec(authorization) ?? []
  return service !== undefined && service !== 'dynamodb'
}

/** A page that is answered at all, with whatever, may read it. */
function text(reply: FastifyReply, body: string, ids: RequestIds): FastifyReply {
  if (reply.request.headers.origin !== undefined) reply.headers(originHeaders)
  return reply.headers(replyHeaders(ids(), body)).type('text/plain').send(body)
}

function preflight(request: FastifyRequest, reply: FastifyReply, ids: RequestIds): FastifyReply {
  const { 'access-control-request-headers': headers, 'access-control-request-method': method } = request.headers
  reply.header('Access-Control-Max-Age', '172800')
  if (headers !== undefined) reply.header('Access-Control-Allow-Headers', headers)
  if (method !== undefined) reply.header('Access-Control-Allow-Methods', method)
  return text(reply, '', ids)
}

function addAdmin(app: FastifyInstance, { admin = [], control = [], adminToken }: RouteOptions): void {
  for (const route of [...admin, ...control]) {
    const { method, path, answer } = route
    app.route({
      method,
      url: path,
      // Before the body is read.
      onRequest: async (request, reply) => {
        const reason = control.includes(route) ? undefined : adminRefusal(request.headers, adminToken)
        return reason === undefined ? undefined : reply.code(403).send({ error: reason })
      },
      handler: async (request, reply) => {
        const query = oneOfEach(request.query as Readonly<Record<string, string | readonly string[]>>)
        const told = (await answer({ query, body: request.body })) ?? {}
        return reply.type('application/json; charset=utf-8').send(await jsonInTurns(told))
      },
    })
  }
}

/** A parameter that is given several times counts once. */
function oneOfEach(query: Readonly<Record<string, string | readonly string[]>>): Readonly<Record<string, string>> {
  const first = (value: string | readonly string[]): string => (typeof value === 'string' ? value : (value[0] ?? ''))
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, first(value)]))
}

/** Says in words of ours what is wrong: texts of a framework or a parser are none of this program's answers. */
export function answerError(ids: RequestIds) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (!ours.some((prefix) => request.url.startsWith(prefix)))
      return text(reply.code(404), '<UnknownOperationException/>\n', ids)
    const { statusCode = 500, code } = error
    const known = code === undefined ? undefined : sentences[code]
    if (known !== undefined) return reply.code(statusCode).send({ error: known })
    // A refusal of ours has a status and no code of the framework's.
    if (statusCode < 500 && code === undefined && error.name !== 'SyntaxError')
      return reply.code(statusCode).send({ error: error.message })
    return statusCode < 500
      ? reply.code(400).send({ error: 'the body is not JSON' })
      : reply.code(500).send({ error: `the node failed: ${error.name === 'ZodError' ? 'see its log' : error.message}` })
  }
}

const ours = ['/admin/', '/_longitude/']

const sentences: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: `the body is larger than ${adminBodyBytesMax} bytes`,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the body must be JSON, and its content type application/json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty; a JSON object is wanted',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as its head says',
  FST_ERR_BAD_URL: 'this is no address',
  FST_ERR_VALIDATION: 'the request is not of the form that is wanted here',
}
