/**
 * All regions on one machine: for each a NATS server, a node and a cache before it, and between them the links, which are
 * one process of their own so that their timing does not depend on what the nodes do; and the front door. Everything starts at once, since nobody needs
 * another to begin; stopping goes from the nodes, which still have things to say, to the NATS servers.
 */
import type { TimingName } from '../core/table/waits.ts'
import { join, resolve } from 'node:path'
import type { Log } from '../ports/log.ts'
import { peerApiPrefix } from '../deployment/secrets/nats-accounts.ts'
import { Failure } from '../process/failure.ts'
import {
  encryptionFlags,
  expiryFlags,
  type EncryptionOptions,
  type ObservingOptions,
  observingFlags,
  admissionFlags,
  endpointFlags,
  flagsOf,
  type StreamOptions,
  streamFlags,
  upstreamFlags,
  withoutOwnVariables,
} from './flags.ts'
import { Faults, clockFileName } from './faults.ts'
import type { VisitorOptions } from '../http/access/visitors.ts'
import { makeMessageKeys, messageKeysName } from '../deployment/secrets/message-keys.ts'
import { makeQuorumCertificate } from '../deployment/secrets/quorum-secret.ts'
import { makeNatsSecrets, natsSecretsName, seedPath } from '../deployment/secrets/nats-secrets.ts'
import { LinksControl } from '../links/control/control-client.ts'
import { linksPlan } from './links-plan.ts'
import { FolderWatch } from './folder-watch.ts'
import { heapFlagsOf } from '../process/own-program.ts'
import { type LineSink, nodeLines } from './child-lines.ts'
import type { CachePlan, Layout, RegionPlan } from '../deployment/layout.ts'
import { natsServer, type NatsServersOptions, quorumServer } from './nats-servers.ts'
import { QuorumServers, quorumFlags } from './quorum-servers.ts'
import { runVariable } from './remains.ts'
import type { PrivateOptions } from '../node/private-listener.ts'
import { SecretsWatch } from './secrets-watch.ts'
import { Sentinel } from './sentinel.ts'
import { accessFlags, auditFlags, nodeAccessFlags, openFlags, policyFlags, visitorFlags } from './access-flags.ts'
import { CertificateWatch } from './certificate-watch.ts'
import { type DeploymentTls, natsUrl, shownFlags, trustFlags } from './tls-flags.ts'
import { Supervised, type SupervisedOptions } from './supervised.ts'

export type SupervisorOptions = VisitorOptions &
  EncryptionOptions &
  ObservingOptions &
  PrivateOptions &
  StreamOptions & {
    readonly layout: Layout
    readonly natsServer: string
    /** Names this run, for the next one to know its processes by (remains.ts). */
    readonly run: string
    /** The command line program, as Node runs it: its path, after flags of Node's own. */
    readonly program: readonly string[]
    readonly host: string
    readonly adminToken: string
    readonly logLevel: string
    readonly accountId: string
    readonly globalTables2017?: 'refuse' | 'serve'
    readonly mrscConflicts?: 'refuse' | 'off'
    /** Of the front door, if there is one. */
    readonly failover?: string
    readonly credentials?: string | undefined
    readonly identities?: string | undefined
    readonly anyCredentials?: boolean | undefined
    readonly auditLog?: string | undefined
    readonly auditData?: boolean | undefined
    readonly access?: string | undefined
    readonly workers?: number
    readonly tls?: DeploymentTls | undefined
    readonly regionsFolder?: string | undefined
    readonly timing?: TimingName
    /** As the command line takes it; undefined: capacity is not counted. */
    readonly capacityText?: string | undefined
    readonly ttlDelay?: number
    readonly ttlGrace?: number
    readonly admitUnsignedPeersUntil?: number | undefined
    readonly log: Log
    readonly sink: LineSink
    readonly progress: (line: string) => void
  }

export type RegionFailure = { readonly region: string; readonly reason: string }

export type RegionProcesses = {
  readonly plan: RegionPlan
  readonly node: Supervised
  readonly nats: Supervised
  /** Undefined where none is wanted. */
  readonly quorum: () => Supervised | undefined
  readonly cache: Supervised | undefined
}

/** More than a process gives itself (role.ts). */
const ownStopMsMax = 10_000
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
    this.regions = options.layout.regions.map((plan) => ({
      plan,
      node: this.#node(plan),
      nats: natsServer(plan, this.#natsServers),
      quorum: () => this.#quorum.of(plan.name),
      cache: plan.cache === undefined ? undefined : this.#cache(plan, plan.cache),
    }))
    this.#links = this.#linksProcess()
    const { log, layout } = options
    this.#quorum = new QuorumServers({ layout, make: (plan) => quorumServer(plan, this.#natsServers), log })
    const links = new LinksControl({ urls: [layout.controlUrl], token: options.adminToken })
    this.faults = new Faults({
      regions: this.regions,
      log,
      onAbandoned: (owner) => {
        links.heal({ owner }).catch((error: unknown) => log.warn('the links are not healed', { error }))
      },
    })
    this.#frontDoor = this.#frontDoorProcess()
    this.#console = this.#consoleProcess()
  }

  /**
   * Resolves when every region can serve or has failed, and returns those that failed: they are tried again. Rejects when all have,
   * or when what they share cannot start; what was started is still to be stopped then.
   */
  async start(): Promise<readonly RegionFailure[]> {
    const names = this.regions.map(({ plan }) => plan.name)
    makeNatsSecrets(this.#secrets, names)
    makeMessageKeys(this.#messageKeys, names)
    if (this.#options.tls !== undefined) await makeQuorumCertificate(this.#secrets, ['127.0.0.1'])
    this.#quorum.look()
    const shared = Promise.all([this.#links.start(), this.#frontDoor?.start(), this.#console?.start()])
    const started = await Promise.all([shared, ...this.regions.map(async (region) => await this.#startRegion(region))])
    const failed = started.flatMap((one) => (one !== undefined && 'reason' in one ? [one] : []))
    if (failed.length === this.regions.length) throw new Failure(storyOf(failed))
    const { log, tls } = this.#options
    const folders = new FolderWatch({ regions: this.regions, faults: this.faults, log })
    const secretsOf = { folder: this.#secrets, messageKeys: this.#messageKeys }
    const secrets = new SecretsWatch({ ...secretsOf, regions: this.regions, tls, log })
    const certificates = new CertificateWatch(this.regions, tls)
    this.#folderTimer = setInterval(() => {
      folders.look()
      secrets.look()
      certificates.look()
      this.#quorum.look()
    }, folderLookMs).unref()
    return failed
  }

  async #startRegion({ plan, node, nats, cache }: RegionProcesses): Promise<RegionFailure | undefined> {
    const reasons = await Promise.all([nats, node, cache].map(async (one) => await one?.startOrRetry()))
    const reason = reasons.find((one) => one !== undefined)
    if (reason === undefined) {
      this.#options.progress(`${plan.name} is ready`)
      return undefined
    }
    this.#options.progress(`${plan.name} failed and is tried again: ${reason}`)
    return { region: plan.name, reason }
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
    await Promise.all(this.regions.map(async ({ node }) => await node.stop()))
    await this.#quorum.stop()
    await this.#links.stop()
    await Promise.all(this.regions.map(async ({ nats }) => await nats.stop()))
    await this.#sentinel.dismiss()
  }

  killNow(): void {
    for (const { node, nats, cache } of this.regions) {
      cache?.killNow()
      node.killNow()
      nats.killNow()
    }
    for (const server of this.#quorum.all) server.killNow()
    this.#links.killNow()
    this.#frontDoor?.killNow()
    this.#console?.killNow()
  }

  get processIds(): readonly number[] {
    const all = [
      this.#links.pid,
      this.#frontDoor?.pid,
      this.#console?.pid,
      this.#sentinel.pid,
      ...this.regions.flatMap(({ node, nats, cache }) => [node.pid, nats.pid, cache?.pid]),
      ...this.#quorum.all.map(({ pid }) => pid),
    ]
    return all.filter((pid) => pid !== undefined)
  }

  /** The folder of the regions' secrets at NATS servers. */
  get #secrets(): string {
    return join(this.#options.layout.data, natsSecretsName)
  }

  get #messageKeys(): string {
    return join(this.#options.layout.data, messageKeysName)
  }

  get linksPid(): number | undefined {
    return this.#links.pid
  }

  #node(plan: RegionPlan): Supervised {
    const { host, accountId, globalTables2017 = 'refuse', workers = 1, failover } = this.#options
    const { regionsFolder, timing = 'instant', capacityText, sink, layout, tls } = this.#options
    const log = this.#options.log.with({ region: plan.name })
    const peers = layout.links
      .filter(({ from }) => from === plan.name)
      .map(({ to, port }) => `--peer=${to}=${natsUrl(tls, port)}`)
    const nodeFlags = flagsOf({
      region: plan.name,
      host,
      port: plan.port,
      data: plan.folder,
      nats: natsUrl(tls, plan.natsPort),
      ...shownFlags(tls),
      ...trustFlags(tls, 'nats-tls-ca'),
      'nats-nkey': seedPath(this.#secrets, plan.name, 'node'),
      'nats-api-prefix': peerApiPrefix,
      ...quorumFlags(plan, this.#options),
      'message-keys': this.#messageKeys,
      ...admissionFlags(this.#options),
      'account-id': accountId,
      'global-tables-2017': globalTables2017,
      timing,
      ...(capacityText === undefined ? {} : { capacity: capacityText }),
      ...expiryFlags(this.#options),
      'clock-file': join(plan.folder, clockFileName),
      ...visitorFlags(this.#options),
      ...streamFlags(this.#options),
      ...nodeAccessFlags(this.#options, plan.name),
      ...encryptionFlags(this.#options),
      ...observingFlags(this.#options),
      ...(failover === 'nearest' ? { 'signed-for': layout.regions.map(({ name }) => name).join() } : {}),
      ...(workers === 1 ? {} : { workers }),
      ...(regionsFolder === undefined ? {} : { 'regions-folder': resolve(regionsFolder) }),
    })
    return this.#ours({
      name: 'node',
      args: [
        'node',
        ...nodeFlags,
        ...openFlags(this.#options),
        ...auditFlags(this.#options, plan.name),
        ...peers,
        ...endpointFlags(layout, plan.name),
      ],
      log,
      onLine: nodeLines(sink, log),
      stopMsMax: ownStopMsMax,
    })
  }

  #cache(plan: RegionPlan, { port, dax }: CachePlan): Supervised {
    const { host, accountId, sink, tls } = this.#options
    const log = this.#options.log.with({ region: plan.name, process: 'cache' })
    const flags = flagsOf({
      region: plan.name,
      upstream: plan.endpoint,
      mode: 'coherent',
      host,
      port,
      'dax-port': dax.port,
      'dax-lists': join(this.#options.layout.data, `${plan.name}.dax-lists`),
      nats: natsUrl(tls, plan.natsPort),
      ...shownFlags(tls),
      ...trustFlags(tls, 'nats-tls-ca', 'upstream-ca'),
      'nats-nkey': seedPath(this.#secrets, plan.name, 'cache'),
      ...visitorFlags(this.#options),
      ...policyFlags(this.#options),
      'account-id': accountId,
    })
    return this.#ours({
      name: 'cache',
      args: ['cache', ...flags, ...openFlags(this.#options), ...endpointFlags(this.#options.layout, plan.name)],
      log,
      onLine: nodeLines(sink, log),
      stopMsMax: ownStopMsMax,
    })
  }

  #linksProcess(): Supervised {
    const { log, sink, layout, tls } = this.#options
    const flags = flagsOf({ plan: linksPlan(layout), 'control-port': layout.controlPort, ...shownFlags(tls) })
    return this.#ours({
      name: 'links',
      args: ['links', 'run', ...flags],
      log,
      onLine: nodeLines(sink, log),
      stopMsMax: ownStopMsMax,
    })
  }

  #frontDoorProcess(): Supervised | undefined {
    const { log, sink, layout, host, failover = 'none', regionsFolder, tls } = this.#options
    if (layout.frontDoor === undefined) return undefined
    const flags = flagsOf({
      host,
      'front-door-port': layout.frontDoor.port,
      failover,
      ...shownFlags(tls),
      ...trustFlags(tls, 'tls-ca'),
      ...visitorFlags(this.#options),
      ...(regionsFolder === undefined ? {} : { 'regions-folder': resolve(regionsFolder) }),
    })
    return this.#ours({
      name: 'front-door',
      args: ['front-door', ...flags, ...upstreamFlags(layout)],
      log,
      onLine: nodeLines(sink, log),
      stopMsMax: ownStopMsMax,
    })
  }

  #consoleProcess(): Supervised | undefined {
    const { log, sink, layout, regionsFolder, hostNames, accountId, access = 'off', tls } = this.#options
    if (layout.console === undefined) return undefined
    const flags = flagsOf({
      data: layout.data,
      'console-port': layout.console.port,
      control: layout.controlUrl,
      ...shownFlags(tls),
      ...trustFlags(tls, 'tls-ca'),
      ...visitorFlags(hostNames === undefined ? {} : { hostNames }),
      ...accessFlags(this.#options),
      'account-id': accountId,
      access,
      ...(regionsFolder === undefined ? {} : { 'regions-folder': resolve(regionsFolder) }),
    })
    return this.#ours({
      name: 'console',
      args: ['console', ...flags, ...upstreamFlags(layout)],
      log: log.with({ process: 'console' }),
      onLine: nodeLines(sink, log),
      stopMsMax: ownStopMsMax,
    })
  }

  #ours(options: Omit<SupervisedOptions, 'program' | 'environment' | 'speaks' | 'sentinel'>): Supervised {
    const { program, logLevel, run, adminToken } = this.#options
    return new Supervised({
      ...options,
      program: process.execPath,
      args: [...heapFlagsOf(options.args[0]), ...program, ...options.args, ...flagsOf({ 'log-level': logLevel })],
      // Every user of the machine can read flags, and only this one the environment.
      environment: {
        ...withoutOwnVariables(process.env),
        LONGITUDE_LOG_FORMAT: 'json',
        LONGITUDE_ADMIN_TOKEN: adminToken,
        [runVariable]: run,
      },
      speaks: true,
      sentinel: this.#sentinel,
    })
  }

  get #natsServers(): NatsServersOptions {
    return { ...this.#options, secrets: this.#secrets, sentinel: this.#sentinel }
  }
}

function storyOf(failed: readonly RegionFailure[]): string {
  const reasons = new Set(failed.map(({ reason }) => reason))
  if (reasons.size === 1) return failed[0]?.reason ?? ''
  return failed.map(({ region, reason }) => `${region}: ${reason}`).join('\n  ')
}
