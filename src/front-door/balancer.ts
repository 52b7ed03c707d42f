/**
 * One endpoint before the nodes of a region. It gives each connection to a node that is ready, the one with the fewest, and carries its bytes as they are: TLS,
 * signatures and all paths are the nodes' affair. When a node is gone, or silent, its connections end here, so that clients try again and reach another one. Where no
 * node is ready it tries those that are there: they still read, and requests wait in them until a node leads.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { systemClock } from '../adapters/system/clocks.ts'
import { listeningAt } from '../http/listening.ts'
import { connectionsMax } from '../core/limits/limits.ts'
import { type UnreadBounds, UnreadReplies } from '../http/bytes/unread-replies.ts'
import { noteAnswer, slotOf, takeSlots } from '../http/connection-slots.ts'
import type { Log } from '../ports/log.ts'
import { connectionsAffordable } from '../process/descriptors.ts'
import { Failure, codeOf, messageOf } from '../process/failure.ts'
import { Health } from './health.ts'

export type BalancerOptions = {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Endpoints by the node's name. */
  readonly nodes: Readonly<Record<string, string>>
  /** The region's private listener, and those of its nodes: paths of unix sockets. */
  readonly privately?: { readonly path: string; readonly nodes: Readonly<Record<string, string>> } | undefined
  readonly log: Log
  readonly healthEveryMs?: number
  /** As in core/limits.ts unless given. */
  readonly connectionsMax?: number
  readonly unread?: UnreadBounds
}

const lookEveryMs = 500
const answerMsMax = 1500
const connectMsMax = 2000
/** A node of which nothing has come for so many questions is given up, with its connections. */
const silentGoneMax = 2

type Place = { readonly path: string } | { readonly host: string; readonly port: number }
type PlaceOf = (node: string) => Place
type Pair = { readonly client: Socket; readonly upstream: Socket }

export class Balancer {
  readonly #server: Server
  readonly #private: Server | undefined
  readonly #health: Health
  readonly #unread: UnreadReplies
  /** By the node's name. */
  readonly #pairs: ReadonlyMap<string, Set<Pair>>

  /** Rejects with a Failure when the port cannot be had. */
  static async open(options: BalancerOptions): Promise<Balancer> {
    const balancer = new Balancer(options)
    const { host, port, privately } = options
    try {
      await listeningAt(balancer.#server, { host, port })
      if (privately !== undefined && balancer.#private !== undefined)
        await listeningAt(balancer.#private, { path: privately.path })
    } catch (error) {
      balancer.#health.close()
      balancer.#server.close()
      throw new Failure(`the balancer cannot listen: ${messageOf(error)}`)
    }
    return balancer
  }

  private constructor(options: BalancerOptions) {
    const { log, nodes, privately } = options
    this.#unread = new UnreadReplies(options.unread)
    this.#pairs = new Map(Object.keys(options.nodes).map((node) => [node, new Set()]))
    this.#health = new Health({
      endpoints: options.nodes,
      onChange: (node, isReady) => (isReady ? log.info(`${node} is ready`) : log.warn(`${node} is not ready`)),
      onGone: (node) => this.#giveUp(node),
      everyMs: options.healthEveryMs ?? lookEveryMs,
      answerMsMax,
      silentGoneMax,
    })
    this.#server = this.#serverTo((node) => placeIn(nodes[node] ?? ''), options.connectionsMax)
    if (privately !== undefined) this.#private = this.#serverTo((node) => ({ path: privately.nodes[node] ?? '' }))
  }

  #serverTo(placeOf: PlaceOf, given = connectionsMax): Server {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
      client.on('error', () => client.destroy())
      this.#give(client, this.#order(), placeOf)
    })
    // Each of its connections needs another one, to a node.
    const most = Math.min(given, Math.floor(connectionsAffordable() / 2))
    takeSlots(server, most, () => systemClock.monotonicMs())
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Open connections by node. */
  get connections(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#pairs].map(([node, { size }]) => [node, size]))
  }

  async close(): Promise<void> {
    this.#health.close()
    const servers = [this.#server, this.#private].filter((each) => each !== undefined)
    const closed = Promise.all(servers.map((each) => new Promise<void>((resolve) => each.close(() => resolve()))))
    for (const { client, upstream } of [...this.#pairs.values()].flatMap((pairs) => [...pairs])) {
      client.destroy()
      upstream.destroy()
    }
    await closed
  }

  /** Ready nodes first, and of these the one with the fewest connections. */
  #order(): readonly string[] {
    const weights = [...this.#pairs].map(([node, { size }]) => {
      return { node, weight: size + (this.#health.isHealthy(node) ? 0 : connectionsMax) }
    })
    return weights.toSorted((a, b) => a.weight - b.weight).map(({ node }) => node)
  }

  /** Nothing is read of the client before a node is there, so that the next one can be tried. */
  #give(client: Socket, [node, ...others]: readonly string[], placeOf: PlaceOf): void {
    const pairs = node === undefined ? undefined : this.#pairs.get(node)
    if (node === undefined || pairs === undefined || client.destroyed) return void client.destroy()
    const upstream = connect({ ...placeOf(node), allowHalfOpen: true, noDelay: true })
    const pair = { client, upstream }
    pairs.add(pair)
    const timer = setTimeout(() => upstream.destroy(new Error('it does not answer')), connectMsMax)
    const onRefused = (error: Error): void => {
      clearTimeout(timer)
      pairs.delete(pair)
      if (codeOf(error) === 'ECONNREFUSED') this.#health.refused(node)
      this.#give(client, others, placeOf)
    }
    upstream.once('error', onRefused)
    upstream.once('connect', () => {
      clearTimeout(timer)
      upstream.off('error', onRefused)
      this.#join(node, pair, () => pairs.delete(pair))
    })
  }

  #join(node: string, { client, upstream }: Pair, onEnd: () => void): void {
    const end = (): void => {
      onEnd()
      client.destroy()
      upstream.destroy()
    }
    upstream.on('error', end)
    for (const socket of [client, upstream]) socket.once('close', end)
    if (client.destroyed) return end()
    client.pipe(upstream)
    upstream.pipe(client)
    const slot = slotOf(client)
    upstream.on('data', () => {
      this.#health.heard(node)
      noteAnswer(slot)
      // While the client reads nothing, nothing is heard of the node, not even that it has ended the connection.
      if (client.writableNeedDrain) this.#unread.wait(client)
    })
  }

  #giveUp(node: string): void {
    for (const { client, upstream } of this.#pairs.get(node) ?? []) {
      // A client that waits for it is given to the next one.
      if (upstream.connecting) upstream.destroy(new Error('it is gone'))
      else for (const socket of [upstream, client]) socket.destroy()
    }
  }
}

function placeIn(endpoint: string): Place {
  const { hostname, port } = new URL(endpoint)
  return { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port) }
}
