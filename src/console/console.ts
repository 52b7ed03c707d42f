/**
 * The console: one page that shows the deployment, and one origin that the page speaks to. It asks the regions, and the control of links, with the
 * deployment's token; the browser has only the console's own key, which it sends as a header, never as a cookie. So no other page can act by
 * it, and no other server on this machine gets it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { consoleBodyBytesMax, consoleConnectionsMax, consoleRequestsMax } from '../core/limits/console-limits.ts'
import type { Call } from '../deployment/control/control-calls.ts'
import { Visitors } from '../http/access/visitors.ts'
import { boundHeads, headSettings, refusedHead } from '../http/bytes/heads.ts'
import { followRequests, takeSlots } from '../http/connection-slots.ts'
import { secured, type PortCertificate } from '../http/secure.ts'
import { Failure, messageOf } from '../process/failure.ts'
import { jsonBodyOf } from '../process/requests/json-body.ts'
import { wrongShape } from '../process/requests/wrong-shape.ts'
import { consoleCalls } from './console-calls.ts'
import type { DrillReach } from './drills/drill-handlers.ts'
import { type DrillProgram, DrillRuns } from './drills/drill-runs.ts'
import { ReportTickets } from './drills/reports.ts'
import { EventStreams } from './event-streams.ts'
import { handlersOf, type Reach } from './handlers.ts'
import { Histories } from './histories.ts'
import { isKey } from './key.ts'
import { sendFile, type StaticFiles } from './static-files.ts'
import { type Deployment, Watch } from './deployment-watch.ts'

export type ConsoleOptions = {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly key: string
  readonly tls?: PortCertificate | undefined
  /** Names beside the local ones under which it is served. */
  readonly hostNames: readonly string[]
  readonly files: StaticFiles
  readonly deployment: Deployment
  readonly reach: Omit<Reach, 'histories' | 'onChange' | 'drills'>
  /** Undefined where drills are not run. */
  readonly drills?: DrillProgram
  /** Shown at the top; `as`: whose key signs what the pages ask, where signatures are verified. */
  readonly about: () => { readonly name: string; readonly version: string; readonly as?: string }
}

/** Nothing from elsewhere, nothing inline, in no frame. */
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

type Reply = { readonly status: number; readonly body: unknown }
type Route = { readonly call: Call; readonly handle: (asked: unknown) => unknown }

export class Console {
  readonly #options: ConsoleOptions
  readonly #visitors: Visitors
  readonly #events = new EventStreams()
  readonly #histories = new Histories()
  readonly #watch: Watch
  readonly #routes: ReadonlyMap<string, Route>
  readonly #server: Server
  readonly #endHandshakes: () => void
  readonly #drills: DrillReach | undefined
  #underWay = 0

  /** Rejects with a Failure when the port cannot be had. */
  static async open(options: ConsoleOptions): Promise<Console> {
    const console = new Console(options)
    const { host, port } = options
    await new Promise<void>((resolve, reject) => {
      console.#server.once('error', (error) => reject(new Failure(`the console cannot listen: ${messageOf(error)}`)))
      console.#server.listen({ host, port }, resolve)
    })
    console.#watch.start()
    return console
  }

  private constructor(options: ConsoleOptions) {
    this.#options = options
    this.#visitors = new Visitors({ hostNames: options.hostNames })
    this.#watch = new Watch(
      options.deployment,
      (state) => {
        this.#histories.take(state)
        this.#events.tellState(this.#histories.withSpreads(state))
      },
      (note) => this.#events.tellNote(note),
    )
    this.#drills = options.drills === undefined ? undefined : this.#drillsOf(options.drills)
    this.#routes = routesOf({
      ...options.reach,
      drills: this.#drills,
      histories: this.#histories,
      onChange: (text, regions) => this.#changed(text, regions),
    })
    this.#server = createServer(headSettings, (request, response) => {
      if (!refusedHead(request, response)) this.#serve(request, response)
    })
    boundHeads(this.#server)
    followRequests(this.#server)
    this.#endHandshakes = secured(this.#server, options.tls)
    takeSlots(this.#server, consoleConnectionsMax, () => performance.now())
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    this.#events.close()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#endHandshakes()
      this.#server.closeAllConnections()
    })
    await Promise.all([this.#watch.stop(), this.#drills?.runs.close()])
  }

  #drillsOf(program: DrillProgram): DrillReach {
    const { reports } = program
    const onChange = (text: string, regions: readonly string[]): void =>
      this.#events.tellNote({ atMs: Date.now(), kind: 'drill', text, regions })
    return { reports, tickets: new ReportTickets(reports), runs: new DrillRuns(program, onChange) }
  }

  #changed(text: string, regions: readonly string[]): void {
    this.#events.tellNote({ atMs: Date.now(), kind: 'action', text: `${text}, from the console`, regions })
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {})
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    const { method = 'GET', url = '/' } = request
    const [path = '/'] = url.split('?')
    const refused = this.#refusal(request)
    if (refused !== undefined) return this.#answer(response, { status: 403, body: { error: refused } })
    const file = this.#options.files.get(path)
    if (file !== undefined && (method === 'GET' || method === 'HEAD')) return sendFile(request, response, file)
    const name = `${method} ${path}`
    if (name === 'GET /health') return this.#answer(response, { status: 200, body: { status: 'ok' } })
    if (name === 'GET /api/events') return this.#follow(request, response)
    if (method === 'GET' && this.#drills?.tickets.serve(path, response, Date.now()) === true) return undefined
    if (name === 'GET /api/about') return this.#answer(response, { status: 200, body: this.#about(request) })
    void this.#call(request, name).then((reply) => this.#answer(response, reply))
  }

  /** Always as on the loopback: in a container it listens on every address, and is published on that of the host's loopback. */
  #refusal({ headers: sent }: IncomingMessage): string | undefined {
    const { origin, host = '' } = sent
    const isOwn = origin === `http://${host}` || origin === `https://${host}`
    const seen = isOwn ? { ...sent, origin: undefined } : sent
    return this.#visitors.refusal(seen, { address: '127.0.0.1' })
  }

  #about({ headers: { authorization } }: IncomingMessage) {
    const { about, key } = this.#options
    const signedIn = isKey(authorization, key)
    const { as, ...rest } = about()
    return { ...rest, signedIn, ...(signedIn && as !== undefined ? { as } : {}) }
  }

  #follow(request: IncomingMessage, response: ServerResponse): void {
    const last = request.headers['last-event-id']
    if (this.#events.add(response, typeof last === 'string' ? last : undefined)) return
    this.#answer(response, { status: 503, body: { error: 'too many pages follow the console; close some' } })
  }

  async #call(request: IncomingMessage, name: string): Promise<Reply> {
    const route = this.#routes.get(name)
    if (route === undefined) return { status: 404, body: { error: `no ${name}` } }
    if (!isKey(request.headers.authorization, this.#options.key))
      return { status: 403, body: { error: 'this wants the key of the console: open the address that was printed' } }
    if (this.#underWay >= consoleRequestsMax)
      return { status: 503, body: { error: 'the console has too much to do; try again' } }
    this.#underWay += 1
    try {
      const body = await jsonBodyOf(request, consoleBodyBytesMax)
      return { status: 200, body: await route.handle(route.call.asked.parse(body ?? {})) }
    } catch (error) {
      return mistake(error)
    } finally {
      this.#underWay -= 1
      if (isChange.has(name)) void this.#watch.look()
    }
  }

  #answer(response: ServerResponse, { status, body }: Reply): void {
    if (response.headersSent || response.destroyed) return
    if (!response.req.complete) response.setHeader('Connection', 'close')
    response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    response.end(`${JSON.stringify(body)}\n`)
  }
}

/** What pages want to see at once. */
const isChange: ReadonlySet<string> = new Set([
  consoleCalls.setLinks.route,
  consoleCalls.heal.route,
  consoleCalls.pause.route,
  consoleCalls.resume.route,
  consoleCalls.breakPart.route,
])

function routesOf(reach: Reach): ReadonlyMap<string, Route> {
  const handlers = handlersOf(reach)
  return new Map(
    Object.entries(consoleCalls).map(([name, call]) => [
      call.route,
      { call, handle: handlers[name as keyof typeof handlers] as (asked: unknown) => unknown },
    ]),
  )
}

function mistake(error: unknown): Reply {
  if (error instanceof z.ZodError) return { status: 400, body: { error: wrongShape(error) } }
  return { status: error instanceof Failure ? 400 : 500, body: { error: messageOf(error) } }
}
