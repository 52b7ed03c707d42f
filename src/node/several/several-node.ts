/**
 * One node of a region of several (docs/design/nodes.md). Its public port belongs to a front that stays, whatever the node's role: eventually consistent
 * reads are answered from the node's store, and all else by the leading node. Starting goes from the disk outwards, and stopping inwards, as of every node.
 */
import { existsSync } from 'node:fs'
import { NatsQuorum } from '../../adapters/nats/quorum/nats-quorum.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import { required } from '../../core/assert.ts'
import { nodeFarewellMsMax } from '../../core/limits/node-line-limits.ts'
import { Failure } from '../../process/failure.ts'
import { Starts } from '../../process/starts.ts'
import { tightenFolder } from '../../process/files/private-files.ts'
import { requestIds } from '../../http/request-id.ts'
import type { RunningServer } from '../../http/server.ts'
import type { Store } from '../../ports/store.ts'
import type { Lifecycle } from '../../region/lifecycle.ts'
import { NodeLog } from '../../region/nodes/node-log.ts'
import { type Around, openAround } from '../around.ts'
import type { NodeOptions } from '../node-options.ts'
import { observing } from '../observing/observing.ts'
import { isOfContent } from '../store/own-engine.ts'
import { RegionStore } from '../store/region-store.ts'
import { guardStore, steadyLater } from '../store/guard-store.ts'
import type { StoreScrub } from '../store/store-scrub.ts'
import { askNode } from './line/ask-node.ts'
import { type ConnectNode, connecting } from './line/connecting.ts'
import { serveFront } from './front/front.ts'
import { LeaderRoute } from './front/leader-route.ts'
import { LocalReads } from './front/local-reads.ts'
import { NodeLine } from './line/node-line.ts'
import { type NodePort, openNodePort } from './line/node-port.ts'
import { openNodeStore } from './node-store.ts'
import { NodeWords } from './node-words.ts'
import { Roles } from './roles.ts'
import type { NodeAddress, SeveralOptions } from './several-options.ts'
import { openTerm } from './term-region.ts'
import type { Told } from './line/leader-word.ts'

/** The name of the stream that orders what the nodes write: their quorum servers have no other. */
const group = 'nodes'

/** Registers in `life` each part as soon as it runs. Returns the endpoint. */
export async function startSeveral(options: NodeOptions, life: Lifecycle): Promise<string> {
  const { data } = options
  const several = required(options.several, 'the nodes of the region')
  if (existsSync(data)) tightenFolder(data)
  // The node that leads opens its keys (stored-keys.ts).
  const around = await openAround({ ...options, keyring: undefined, keyService: undefined, kms: undefined }, life)
  const node = new SeveralNode(options, several, around)
  return await node.start(life)
}

class SeveralNode {
  readonly #options: NodeOptions
  readonly #several: SeveralOptions
  readonly #around: Around
  readonly #connect: ConnectNode
  readonly #route: LeaderRoute
  /** What the leading node has said last. */
  #told: Told | undefined
  #isStopping = false
  #url = ''
  #port: NodePort | undefined

  constructor(options: NodeOptions, several: SeveralOptions, around: Around) {
    this.#options = options
    this.#several = several
    this.#around = around
    this.#connect = connecting(several)
    this.#route = new LeaderRoute({ clock: around.clock, requestIds: requestIds(systemRandom) })
  }

  async start(life: Lifecycle): Promise<string> {
    const { regionStore, ...opened } = await this.#openStore(life)
    const nodeLog = this.#nodeLog(opened.store, life)
    const roles = this.#roles(nodeLog, opened)
    const reads = this.#reads({ ...opened, nodeLog, roles }, life)
    this.#followCopies(nodeLog, reads, life)
    this.#port = await openNodePort({
      several: this.#several,
      clock: this.#around.clock,
      log: this.#options.log,
      ownLead: () => (this.#isStopping ? undefined : roles.ownLead),
      told: () => this.#toldOf(roles),
      lend: (question) => nodeLog.lend(question),
    })
    life.add(() => this.#port?.close())
    life.add(() => nodeLog.stop())
    await nodeLog.start()
    roles.start()
    life.add(() => roles.stop())
    const front = await serveFront({
      options: this.#options,
      around: this.#around,
      route: this.#route,
      reads,
      words: this.#words(nodeLog, roles),
      measure: async () => await roles.region?.measure(),
      life,
    })
    life.add(() => this.#leave(front, roles))
    this.#url = front.url
    life.add(steadyLater(regionStore))
    return front.url
  }

  async #openStore(life: Lifecycle) {
    const { data, log, onProgress = () => undefined } = this.#options
    const regionStore = new RegionStore({ data, log, onProgress })
    const store = await openNodeStore(regionStore)
    const { folder } = regionStore
    const scrub = guardStore({ ...this.#options, regionStore, store, close: () => store.close() }, life)
    return { regionStore, store, folder, scrub }
  }

  #nodeLog(store: Store, life: Lifecycle): NodeLog {
    const { nodes, node } = this.#several
    const addressOf = (name: string): NodeAddress => required(nodes.get(name), `the address of ${name}`)
    const { host, port } = addressOf(node)
    return new NodeLog({
      group,
      nodes: [...nodes.keys()],
      self: { node, address: `${host}:${port}` },
      store,
      quorum: this.#quorum(life),
      clock: this.#around.clock,
      random: systemRandom,
      log: this.#options.log,
      ask: async (name, question) => await askNode(this.#connect, addressOf(name), question),
      askTerm: async (name) => await this.#port?.askTerm(name),
    })
  }

  #reads({ store, scrub, nodeLog, roles }: ForReads, life: Lifecycle): LocalReads {
    const { self, log } = this.#options
    const { clock, prometheus: meter } = this.#around
    const env = { clock, random: systemRandom, meter, log }
    const told = observing(this.#options, { ...env, region: self.name, epoch: () => '' })
    life.add(async () => await told.exporter?.stop())
    return new LocalReads({
      options: this.#options,
      around: this.#around,
      store,
      env,
      observer: told.observer,
      follows: () => roles.ownLead === undefined && nodeLog.status().isWhole,
      told: () => this.#told,
      onFailed: scrub.suspect,
    })
  }

  /** Requests that were begun are answered while the region still runs; other nodes keep theirs for the next leader. */
  async #leave(front: RunningServer, roles: Roles): Promise<void> {
    this.#isStopping = true
    this.#port?.tell()
    await front.close()
    const idle = roles.ownLead?.idle()
    if (idle !== undefined) await Promise.race([idle, this.#around.clock.sleep(nodeFarewellMsMax)])
  }

  #quorum(life: Lifecycle): NatsQuorum {
    const { natsAccess, log, quorum: url } = this.#options
    const quorum = new NatsQuorum({
      self: this.#several.node,
      server: natsAccess.own(required(url, 'the address of the quorum server')),
      regions: () => [...this.#several.nodes.keys()],
      meter: this.#around.prometheus,
      log,
    })
    life.add(() => quorum.close())
    return quorum
  }

  #roles(nodeLog: NodeLog, store: Pick<Parameters<typeof openTerm>[1], 'folder' | 'scrub'>): Roles {
    const { log, onBrokenInvariant, onStoreDamaged, onStoreGone, data } = this.#options
    const { clock } = this.#around
    const term = { options: this.#options, around: this.#around, nodeLog, ...store, url: () => this.#url }
    return new Roles({
      nodeLog,
      route: this.#route,
      clock,
      log,
      open: async (number) => await openTerm(number, term),
      lineTo: (name) => this.#lineTo(name, nodeLog),
      onChange: () => this.#port?.tell(),
      onStopped: () => this.#around.prometheus.forgetGauges(),
      onStuck: (error) => {
        if (error instanceof Failure) return onStoreGone(`the region cannot be run: ${error.message}`)
        if (!isOfContent(error)) return onBrokenInvariant(error)
        new Starts(data).suspect()
        onStoreDamaged(
          `the region cannot be opened on the store of this node, which is checked at the next start: ${error.message}`,
        )
      },
    })
  }

  #lineTo(name: string, nodeLog: NodeLog): NodeLine | undefined {
    const to = this.#several.nodes.get(name)
    const { clock } = this.#around
    if (to === undefined) return undefined
    const line = new NodeLine({
      to,
      connect: this.#connect,
      clock,
      log: this.#options.log,
      onChange: () => this.#route.changed(),
      onTold: (told) => (this.#told = told),
      knownTerm: () => nodeLog.knownTerm(),
    })
    line.start()
    return line
  }

  #words(nodeLog: NodeLog, roles: Roles): NodeWords {
    return new NodeWords({
      region: this.#options.self.name,
      several: this.#several,
      nodeLog,
      clock: this.#around.clock,
      route: this.#route,
      own: () => roles.region,
      isStopping: () => this.#isStopping,
    })
  }

  #toldOf(roles: Roles): Told {
    const { region } = roles
    return {
      leads: region !== undefined && !this.#isStopping,
      forwardsAll: region?.forwardsAll() ?? false,
      standsInFor: region?.standsInFor() ?? [],
    }
  }

  #followCopies(nodeLog: NodeLog, reads: LocalReads, life: Lifecycle): void {
    let before: string | undefined
    life.add(
      nodeLog.onRole(({ role }) => {
        if (role === 'copying') reads.forget()
        if (role === 'copying' && before !== 'copying') this.#around.prometheus.count('longitude_node_copies_total')
        before = role
      }),
    )
  }
}

type ForReads = {
  readonly store: Store
  readonly scrub: StoreScrub
  readonly nodeLog: NodeLog
  readonly roles: Roles
}
