/**
 * How clients reach one region of a cluster: in this process, and by a socket once somebody has asked for an endpoint. It outlives the
 * region's processes, so clients and endpoints stay good through kills, restarts and resets.
 */
import type { Socket } from 'node:net'
import { systemClock } from '../adapters/system/clocks.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { connectionsMax } from '../core/limits/limits.ts'
import { Visitors } from '../http/access/visitors.ts'
import { Api, refusal } from '../http/api.ts'
import type { Answer, Pipeline } from '../http/pipeline.ts'
import { requestIds } from '../http/request-id.ts'
import { cborPrefix, lambdaPrefix } from '../core/wire/body-size.ts'
import { reset } from '../http/bytes/resets.ts'
import type { ListenOptions, RunningServer } from '../http/server.ts'
import { requestHandler } from './client-handler.ts'
import type { SdkRequestHandler } from './cluster-api.ts'
import type { WorldRegion } from './world-region.ts'

export type EntranceOptions = {
  readonly name: string
  /** The region as it is now. */
  readonly region: () => WorldRegion
  /** Served beside the API. */
  readonly routes: ListenOptions['control']
}

/** A socket that node:http has taken over only ends at a reset, and waits for its client, as it does at `destroySoon` (http-sockets.ts). */
function drop(socket: Socket): void {
  reset(socket)
  socket.destroy()
}

/** Answers of the region that has gone are not wanted any more. */
const meter = { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} }
/** The wire's own time limits, and request ids, are those of the machine. */
const env = { clock: systemClock, random: systemRandom, meter }

export class Entrance {
  readonly handler: SdkRequestHandler
  readonly #options: EntranceOptions
  readonly #sockets = new Set<Socket>()
  readonly #unanswered = new Set<(answer: Answer) => void>()
  #server: Promise<RunningServer> | undefined
  /** Where it listens; undefined while it does not. */
  listensAt: string | undefined

  constructor(options: EntranceOptions) {
    this.#options = options
    const api = new Api({
      env,
      answer: this.#answer,
      requestIds: requestIds(env.random),
      visitors: new Visitors(),
      arrival: { address: undefined },
    })
    this.handler = requestHandler(options.name, () => {
      const region = options.region()
      return { api, whenKilled: region.running === undefined ? undefined : (work) => region.whenKilled(work) }
    })
  }

  /** The address of a server on the loopback, which starts with the first call. */
  async url(port = 0): Promise<string> {
    const listening = (this.#server ??= this.#listen(port))
    // A port that is in use may be free at the next call.
    listening.catch(() => (this.#server = undefined))
    const { url } = await listening
    return url
  }

  async close(): Promise<void> {
    this.dropConnections()
    const server = await this.#server
    if (server === undefined) return
    const closed = server.close()
    this.dropConnections()
    await closed
  }

  /** As when the process at their other end has gone. */
  dropConnections(): void {
    for (const socket of this.#sockets) drop(socket)
  }

  /** Answers the requests in flight: the region that had them is gone. */
  abandon(): void {
    for (const answer of this.#unanswered) answer(refusal('stopping'))
    this.#unanswered.clear()
  }

  readonly #answer: Pipeline = (request, requestId, answer) => {
    const done = (given: Answer): void => {
      if (this.#unanswered.delete(done)) answer(given)
    }
    this.#unanswered.add(done)
    const { running } = this.#options.region()
    if (running === undefined) done(refusal('stopping'))
    else running.answer(request, requestId, done)
  }

  async #listen(port: number): Promise<RunningServer> {
    const { name, region, routes } = this.#options
    const { serveApi } = await import('../http/server.ts')
    const server = await serveApi({
      alsoAt: [lambdaPrefix, cborPrefix],
      port,
      region: name,
      env,
      answer: this.#answer,
      readiness: () => ({ ready: region().running !== undefined }),
      metrics: () => Promise.resolve({ contentType: 'text/plain', text: '' }),
      ...(routes === undefined ? {} : { control: routes }),
      distribute: (socket) => this.#takes(socket),
    })
    server.unref()
    this.listensAt = server.url
    return server
  }

  /** True, which says that the server has nothing to do with it, for what comes while the region is down. */
  #takes(socket: Socket): boolean {
    if (this.#options.region().running === undefined || this.#sockets.size >= connectionsMax) {
      reset(socket)
      return true
    }
    socket.unref()
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return false
  }
}
