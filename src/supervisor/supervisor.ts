/**
 * All regions on one machine: for each a NATS server, a node and a cache before it, and between them the links, which are
 * one process of their own so that their timing does not depend on what the nodes do; and the front door. Everything starts at once, since nobody needs
 * another to begin; stopping goes from the nodes, which still have things to say, to the NATS servers.
 */
import { makeMessageKeys } from '../deployment/secrets/keys/message-keys.ts'
import { makeQuorumCertificate } from '../deployment/secrets/nats/quorum-secret.ts'
import { makeNatsSecrets } from '../deployment/secrets/nats/nats-secrets.ts'
import type { RegionPlan } from '../deployment/layout.ts'
import { LinksControl } from '../links/control/links-client.ts'
import { Failure } from '../process/failure.ts'
import { CertificateWatch } from './watches/certificate-renewal.ts'
import { Faults } from './supervised-faults.ts'
import { FolderWatch } from './watches/folder-watch.ts'
import { type Member, type MemberPlan, memberName, membersOf } from './children/members.ts'
import { natsServer, type NatsServersOptions, quorumServer } from './nats/nats-servers.ts'
import { messageKeysIn, Processes, secretsIn } from './children/processes.ts'
import { QuorumServers } from './nats/quorum-servers.ts'
import { SecretsWatch } from './watches/secrets-watch.ts'
import { Sentinel } from './children/sentinel.ts'
import type { Supervised } from './children/supervised.ts'
import type { SupervisorOptions } from './supervisor-options.ts'

export type RegionFailure = { readonly region: string; readonly reason: string }

export type RegionProcesses = {
  readonly plan: RegionPlan
  readonly members: readonly Member[]
  /** Before several nodes. */
  readonly balancer: Supervised | undefined
  /** Undefined where none is wanted. */
  readonly cache: Supervised | undefined
}

/** How often is looked whether the regions' folders are there, and whether their secrets have changed. */
const folderLookMs = 1000

export class Supervisor {
  readonly regions: readonly RegionProcesses[]
  /** What a drill may break. */
  readonly faults: Faults
  readonly #quorum: QuorumServers
  readonly #links: Supervised
  readonly #frontDoor: Supervised | undefined
  readonly #console: Supervised | undefined
  readonly #sentinel = new Sentinel()
  readonly #options: SupervisorOptions
  #folderTimer: NodeJS.Timeout | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    const processes = new Processes(options, this.#sentinel)
    this.regions = options.layout.regions.map((plan) => ({
      plan,
      members: membersOf(plan).map((member) => this.#member(member, processes)),
      balancer: processes.balancer(plan),
      cache: plan.cache === undefined ? undefined : processes.cache(plan, plan.cache),
    }))
    this.#links = processes.links()
    const { log, layout } = options
    this.#quorum = new QuorumServers({ layout, make: (plan) => quorumServer(plan, this.#natsServers), log })
    const links = new LinksControl({ urls: [layout.controlUrl], token: options.adminToken })
    this.faults = new Faults({
      members: this.#members,
      quorumOf: (region) => (this.#hasNodes(region) ? this.#quorum.of(region) : undefined),
      log,
      onAbandoned: (owner) => {
        links.heal({ owner }).catch((error: unknown) => log.warn('the links are not healed', { error }))
      },
    })
    this.#frontDoor = processes.frontDoor()
    this.#console = processes.console()
  }

  /**
   * Resolves when every region can serve or has failed, and returns those that failed: they are tried again. Rejects when all have,
   * or when what they share cannot start; what was started is still to be stopped then.
   */
  async start(): Promise<readonly RegionFailure[]> {
    const names = this.regions.map(({ plan }) => plan.name)
    const [secretsFolder, messageKeys] = [secretsIn(this.#options), messageKeysIn(this.#options)]
    makeNatsSecrets(secretsFolder, names)
    makeMessageKeys(messageKeys, names)
    if (this.#options.tls !== undefined) await makeQuorumCertificate(secretsFolder, ['127.0.0.1'])
    this.#quorum.look()
    const shared = Promise.all([this.#links.start(), this.#frontDoor?.start(), this.#console?.start()])
    const started = await Promise.all([shared, ...this.regions.map(async (region) => await this.#startRegion(region))])
    const failed = started.flatMap((one) => (one !== undefined && 'reason' in one ? [one] : []))
    if (failed.length === this.regions.length) throw new Failure(storyOf(failed))
    const { log, tls } = this.#options
    const members = this.#members
    const folders = new FolderWatch({ members, faults: this.faults, log })
    const quorumServers = (): readonly Supervised[] => this.#quorumServers
    const secrets = new SecretsWatch({ folder: secretsFolder, messageKeys, members, quorumServers, tls, log })
    const certificates = new CertificateWatch({ members, quorumServers }, tls)
    this.#folderTimer = setInterval(() => {
      folders.look()
      secrets.look()
      certificates.look()
      this.#quorum.look()
    }, folderLookMs).unref()
    return failed
  }

  async #startRegion({ plan, members, balancer, cache }: RegionProcesses): Promise<RegionFailure | undefined> {
    const starting = [balancer, cache].map(async (one) => await one?.startOrRetry())
    const ofMembers = await Promise.all(members.map(async (member) => await this.#startMember(member)))
    const failed = ofMembers.filter((reason) => reason !== undefined)
    const reason = (await Promise.all(starting)).find((one) => one !== undefined) ?? failed[0]
    // A majority of several nodes is a region.
    if (reason === undefined || (failed.includes(reason) && 2 * failed.length < members.length)) {
      this.#options.progress(`${plan.name} is ready`)
      return undefined
    }
    this.#options.progress(`${plan.name} failed and is tried again: ${reason}`)
    return { region: plan.name, reason }
  }

  async #startMember({ plan, node, nats, quorum }: Member): Promise<string | undefined> {
    const all = plan.of === undefined ? [nats, node] : [nats, quorum(), node]
    const reasons = await Promise.all(all.map(async (one) => await one?.startOrRetry()))
    const reason = reasons.find((one) => one !== undefined)
    if (reason !== undefined && plan.of !== undefined)
      this.#options.progress(`${memberName(plan)} failed and is tried again: ${reason}`)
    return reason
  }

  /** In order, and nothing is left. */
  async stop(): Promise<void> {
    clearInterval(this.#folderTimer)
    this.faults.close()
    // What is before the nodes first: it may still have requests with them.
    await Promise.all([
      this.#console?.stop(),
      this.#frontDoor?.stop(),
      ...this.regions.map(async ({ cache }) => await cache?.stop()),
    ])
    const members = this.#members
    await Promise.all(members.map(async ({ node }) => await node.stop()))
    // Connections through it end with the nodes' own.
    await Promise.all(this.regions.map(async ({ balancer }) => await balancer?.stop()))
    await Promise.all(this.#quorumServers.map(async (server) => await server.stop()))
    await this.#links.stop()
    await Promise.all(members.map(async ({ nats }) => await nats.stop()))
    await this.#sentinel.dismiss()
  }

  killNow(): void {
    for (const process of this.#all) process?.killNow()
  }

  get processIds(): readonly number[] {
    return [this.#sentinel, ...this.#all].flatMap((process) => process?.pid ?? [])
  }

  get #all(): readonly (Supervised | undefined)[] {
    const ofRegions = this.regions.flatMap(({ cache, balancer }) => [cache, balancer])
    const ofMembers = this.#members.flatMap(({ node, nats }) => [node, nats])
    return [...ofRegions, ...ofMembers, ...this.#quorumServers, this.#links, this.#frontDoor, this.#console]
  }

  #hasNodes(region: string): boolean {
    return this.#members.some(({ plan }) => plan.name === region && plan.of !== undefined)
  }

  /** Of the nodes, and of the regions. */
  get #quorumServers(): readonly Supervised[] {
    return [...new Set([...this.#members.flatMap(({ quorum }) => quorum() ?? []), ...this.#quorum.all])]
  }

  get #members(): readonly Member[] {
    return this.regions.flatMap(({ members }) => members)
  }

  get linksPid(): number | undefined {
    return this.#links.pid
  }

  #member(plan: MemberPlan, processes: Processes): Member {
    const servers = this.#natsServers
    const own = plan.of === undefined ? undefined : quorumServer(plan, servers)
    return {
      plan,
      node: processes.node(plan),
      nats: natsServer(plan, servers),
      quorum: () => own ?? this.#quorum.of(plan.name),
    }
  }

  get #natsServers(): NatsServersOptions {
    return { ...this.#options, secrets: secretsIn(this.#options), sentinel: this.#sentinel }
  }
}

function storyOf(failed: readonly RegionFailure[]): string {
  const reasons = new Set(failed.map(({ reason }) => reason))
  if (reasons.size === 1) return failed[0]?.reason ?? ''
  return failed.map(({ region, reason }) => `${region}: ${reason}`).join('\n  ')
}
