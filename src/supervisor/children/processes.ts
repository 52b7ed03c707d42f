/** The programs of ours that all regions on one machine consist of, each with the flags that it is started with. */
import { join, resolve } from 'node:path'
import { peerApiPrefix } from '../../deployment/secrets/nats/nats-accounts.ts'
import { messageKeysName } from '../../deployment/secrets/keys/message-keys.ts'
import { natsSecretsName, seedPath } from '../../deployment/secrets/nats/nats-secrets.ts'
import type { CachePlan, RegionPlan } from '../../deployment/layout.ts'
import { heapFlagsOf } from '../../process/own-program.ts'
import {
  accessFlags,
  auditFlags,
  nodeAccessFlags,
  openFlags,
  policyFlags,
  privatePlaceIn,
  visitorFlags,
} from '../flags/access-flags.ts'
import { nodeLines } from './child-lines.ts'
import { clockFileName } from '../supervised-faults.ts'
import {
  admissionFlags,
  backupFlags,
  encryptionFlags,
  endpointFlags,
  expiryFlags,
  flagsOf,
  observingFlags,
  peerFlags,
  streamFlags,
  upstreamFlags,
  withoutOwnVariables,
} from '../flags/child-flags.ts'
import { linksPlan } from '../links-plan.ts'
import { type MemberPlan, memberName, membersOf, severalFlags } from './members.ts'
import { quorumFlags } from '../nats/quorum-servers.ts'
import { runVariable } from './remains.ts'
import type { Sentinel } from './sentinel.ts'
import { Supervised, type SupervisedOptions } from './supervised.ts'
import type { SupervisorOptions } from '../supervisor-options.ts'
import { natsUrl, shownFlags, trustFlags } from '../flags/tls-flags.ts'

type Placed = Pick<SupervisorOptions, 'layout'>

/** The folder of the regions' secrets at NATS servers. */
export const secretsIn = ({ layout }: Placed): string => join(layout.data, natsSecretsName)

export const messageKeysIn = ({ layout }: Placed): string => join(layout.data, messageKeysName)

/** More than a process gives itself (role.ts). */
const ownStopMsMax = 10_000

export class Processes {
  readonly #options: SupervisorOptions
  readonly #sentinel: Sentinel

  constructor(options: SupervisorOptions, sentinel: Sentinel) {
    this.#options = options
    this.#sentinel = sentinel
  }

  node(plan: MemberPlan): Supervised {
    const { host, accountId, globalTables2017 = 'refuse', workers = 1, failover } = this.#options
    const { regionsFolder, timing = 'instant', capacityText, sink, layout, tls } = this.#options
    const log = this.#options.log.with(fieldsOf(plan))
    const nodeFlags = flagsOf({
      region: plan.name,
      // Others reach one of several through the balancer.
      host: plan.of === undefined ? host : '127.0.0.1',
      port: plan.port,
      data: plan.folder,
      nats: natsUrl(tls, plan.natsPort),
      ...shownFlags(tls),
      ...trustFlags(tls, 'nats-tls-ca'),
      'nats-nkey': seedPath(secretsIn(this.#options), plan.name, 'node'),
      'nats-api-prefix': peerApiPrefix,
      ...quorumFlags(plan, this.#options),
      'message-keys': messageKeysIn(this.#options),
      ...admissionFlags(this.#options),
      'account-id': accountId,
      'global-tables-2017': globalTables2017,
      timing,
      ...(capacityText === undefined ? {} : { capacity: capacityText }),
      ...expiryFlags(this.#options),
      'clock-file': join(plan.folder, clockFileName),
      ...visitorFlags(this.#options),
      ...streamFlags(this.#options),
      ...backupFlags(plan, this.#options),
      ...nodeAccessFlags(this.#options, plan),
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
        ...severalFlags(plan),
        ...openFlags(this.#options),
        ...auditFlags(this.#options, memberName(plan).replace('/', '-')),
        ...peerFlags(layout, plan.name, tls),
        ...endpointFlags(layout, plan.name),
      ],
      log,
      onLine: nodeLines(sink, log),
      stopMsMax: ownStopMsMax,
    })
  }

  cache(plan: RegionPlan, { port, dax }: CachePlan): Supervised {
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
      nats: membersOf(plan)
        .map(({ natsPort }) => natsUrl(tls, natsPort))
        .join(),
      ...shownFlags(tls),
      ...trustFlags(tls, 'nats-tls-ca', 'upstream-ca'),
      'nats-nkey': seedPath(secretsIn(this.#options), plan.name, 'cache'),
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

  /** One endpoint before the nodes of a region; undefined where it has one. */
  balancer(plan: RegionPlan): Supervised | undefined {
    if (plan.nodes.length === 0) return undefined
    const { host, tls, sink } = this.#options
    const log = this.#options.log.with({ region: plan.name, process: 'balancer' })
    const privately = privatePlaceIn(this.#options, plan.name)
    const flags = flagsOf({
      region: plan.name,
      host,
      port: plan.port,
      ...trustFlags(tls, 'tls-ca'),
      ...(privately === undefined ? {} : { 'private-listen': privately }),
    })
    const scheme = tls === undefined ? 'http' : 'https'
    const nodes = plan.nodes.map(({ name, port }) => `--node-endpoint=${name}=${scheme}://127.0.0.1:${port}`)
    return this.#ours({
      name: 'balancer',
      args: ['balancer', ...flags, ...nodes],
      log,
      onLine: nodeLines(sink, log),
      stopMsMax: ownStopMsMax,
    })
  }

  links(): Supervised {
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

  frontDoor(): Supervised | undefined {
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

  console(): Supervised | undefined {
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
}

const fieldsOf = ({ name, of }: MemberPlan): Readonly<Record<string, string>> =>
  of === undefined ? { region: name } : { region: name, node: of.node.name }
