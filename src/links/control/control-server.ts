/**
 * The control of the links of this process: HTTP and JSON on a port of its own, which is never subject to what it controls.
 * Whoever brings the deployment's token may ask; only /health answers without.
 *
 *   GET /health         GET /links         POST /links/set         POST /links/heal
 */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { controlRefusal } from '../../http/administration.ts'
import { boundHeads, headSettings, refusedHead } from '../../http/heads.ts'
import { controlConnectionsMax } from '../../core/limits.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { jsonBodyOf } from '../../process/json-body.ts'
import { durationMs } from '../../process/duration.ts'
import { wrongShape } from '../../process/wrong-shape.ts'
import type { Address } from '../door.ts'
import { UnknownLink } from '../links.ts'
import type { Links } from '../links.ts'
import { changeFrom, shapeTexts } from '../plan.ts'

const bodySizeBytesMax = 64 * 1024
const selection = z.array(z.string()).min(1)
const owner = z.string().min(1).max(64).optional()
const setBody = shapeTexts.extend({
  links: selection,
  state: z.enum(['up', 'down', 'reset']).optional(),
  owner,
  for: z
    .string()
    .transform((text, context) => {
      const ms = durationMs(text)
      if (ms !== undefined) return ms
      context.addIssue({ code: 'custom', message: `a duration such as 30s is wanted, not "${text}"` })
      return z.NEVER
    })
    .optional(),
  id: z.string().min(1).max(64).optional(),
})
const healBody = z.strictObject({ owner, links: selection.optional() })

/** What POST /links/set takes. */
export type SetRequest = z.input<typeof setBody>
export type HealRequest = z.input<typeof healBody>

export type ControlOptions = { readonly links: Links; readonly listen: Address; readonly token: string }
export type Control = { readonly port: number; close(): Promise<void> }

/** Rejects with a Failure when the port cannot be had. */
export async function startControl({ links, listen, token }: ControlOptions): Promise<Control> {
  const server = createServer(headSettings, (request, response) => {
    if (!refusedHead(request, response)) void answer(request, response, { links, token })
  })
  boundHeads(server)
  server.maxConnections = controlConnectionsMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Failure(`the links' control cannot listen: ${messageOf(error)}`)))
    server.listen(listen, resolve)
  })
  return { port: (server.address() as AddressInfo).port, close: async () => await close(server) }
}

type Parts = { readonly links: Links; readonly token: string }
type Reply = { readonly status: number; readonly body: object }

async function answer(request: IncomingMessage, response: ServerResponse, parts: Parts): Promise<void> {
  const { status, body } = await reply(request, parts).catch(mistake)
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(`${text}\n`)
}

async function reply(request: IncomingMessage, { links, token }: Parts): Promise<Reply> {
  const route = `${request.method} ${request.url?.split('?')[0]}`
  const isHealth = route === 'GET /health'
  const refused = controlRefusal(request.headers, { token, address: request.socket.localAddress, open: isHealth })
  if (refused !== undefined) return { status: 403, body: { error: refused } }
  if (isHealth) return { status: 200, body: { status: 'ok' } }
  switch (route) {
    case 'GET /links':
      return { status: 200, body: { links: links.list() } }
    case 'POST /links/set':
      return { status: 200, body: { links: set(links, (await jsonBodyOf(request, bodySizeBytesMax)) ?? {}) } }
    case 'POST /links/heal': {
      const { owner: of, links: texts } = healBody.parse((await jsonBodyOf(request, bodySizeBytesMax)) ?? {})
      const healed = links.heal({
        ...(of === undefined ? {} : { owner: of }),
        ...(texts === undefined ? {} : { links: texts }),
      })
      return { status: 200, body: { links: healed } }
    }
    default:
      return { status: 404, body: { error: `no ${route}` } }
  }
}

function set(links: Links, body: unknown): ReturnType<Links['set']> {
  const { links: texts, state, owner: of, for: forMs, id, ...figures } = setBody.strict().parse(body)
  const change = { ...changeFrom(figures), ...(state === undefined ? {} : { state }) }
  if (Object.keys(change).length === 0)
    throw new Failure('nothing to set: rtt, jitter, bandwidth, stall or state is wanted')
  return links.set({
    links: texts,
    change,
    ...(of === undefined ? {} : { owner: of }),
    ...(forMs === undefined ? {} : { forMs }),
    ...(id === undefined ? {} : { id }),
  })
}

function mistake(error: unknown): Reply {
  if (error instanceof z.ZodError) return { status: 400, body: { error: wrongShape(error) } }
  if (error instanceof UnknownLink) return { status: 404, body: { error: error.message } }
  if (error instanceof Failure) return { status: 400, body: { error: error.message } }
  return { status: 500, body: { error: messageOf(error) } }
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
