/**
 * Serves a table of calls: HTTP and JSON on a port of its own. Whoever brings the deployment's token may ask; only calls that are open answer
 * without. A request that is refused is answered with {error} and our own sentence: 400 for what is wrong with it, 403 without the
 * token, 404 for what is not here, 500 for a mistake of this program.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { controlConnectionsMax } from '../../core/limits/limits.ts'
import { controlRefusal } from '../../http/access/administration.ts'
import { boundHeads, headSettings, refusedHead } from '../../http/bytes/heads.ts'
import { followRequests, takeSlots } from '../../http/connection-slots.ts'
import { secured, type PortCertificate } from '../../http/secure.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { jsonBodyOf } from '../../process/requests/json-body.ts'
import { wrongShape } from '../../process/requests/wrong-shape.ts'
import { type Call, type Calls, NotHere } from './control-calls.ts'

const bodySizeBytesMax = 64 * 1024

/** What answers each call of a table. */
export type Handlers<Table extends Calls> = {
  readonly [Name in keyof Table]: (
    asked: z.output<Table[Name]['asked']>,
  ) => z.input<Table[Name]['told']> | Promise<z.input<Table[Name]['told']>>
}

export type ControlOptions<Table extends Calls> = {
  readonly calls: Table
  readonly handlers: Handlers<Table>
  readonly listen: { readonly host: string; readonly port: number }
  readonly token: string
  readonly tls?: PortCertificate | undefined
  /** Whose control it is, for messages. */
  readonly whose: string
}

export type Control = { readonly port: number; close(): Promise<void> }

/** Rejects with a Failure when the port cannot be had. */
export async function startControl<Table extends Calls>(options: ControlOptions<Table>): Promise<Control> {
  const { listen, token, tls, whose } = options
  const routes = routesOf(options)
  const server = createServer(headSettings, (request, response) => {
    if (!refusedHead(request, response)) void answer(request, response, { routes, token })
  })
  boundHeads(server)
  followRequests(server)
  const endHandshakes = secured(server, tls)
  takeSlots(server, controlConnectionsMax, () => performance.now())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Failure(`${whose} cannot listen: ${messageOf(error)}`)))
    server.listen(listen, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        endHandshakes()
        server.closeAllConnections()
      }),
  }
}

type Route = { readonly call: Call; readonly handle: (asked: unknown) => unknown }
type Parts = { readonly routes: ReadonlyMap<string, Route>; readonly token: string }
type Reply = { readonly status: number; readonly body: unknown }

function routesOf<Table extends Calls>({ calls, handlers }: ControlOptions<Table>): ReadonlyMap<string, Route> {
  return new Map(
    Object.entries(calls).map(([name, call]) => [
      call.route,
      { call, handle: handlers[name as keyof Table] as (asked: unknown) => unknown },
    ]),
  )
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: Parts): Promise<void> {
  const { status, body } = await reply(request, parts).catch(mistake)
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}

async function reply(request: IncomingMessage, { routes, token }: Parts): Promise<Reply> {
  const name = `${request.method} ${request.url?.split('?')[0]}`
  const route = routes.get(name)
  const open = route?.call.isOpen === true
  const refused = controlRefusal(request.headers, { token, address: request.socket.localAddress, open })
  if (refused !== undefined) return { status: 403, body: { error: refused } }
  if (route === undefined) return { status: 404, body: { error: `no ${name}` } }
  const body = request.method === 'GET' ? undefined : await jsonBodyOf(request, bodySizeBytesMax)
  return { status: 200, body: await route.handle(route.call.asked.parse(body ?? {})) }
}

function mistake(error: unknown): Reply {
  if (error instanceof z.ZodError) return { status: 400, body: { error: wrongShape(error) } }
  if (error instanceof NotHere) return { status: 404, body: { error: error.message } }
  return { status: error instanceof Failure ? 400 : 500, body: { error: messageOf(error) } }
}
