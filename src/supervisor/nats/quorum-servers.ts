/**
 * The quorum servers of all regions. They start together when a node first needs one, and with every later start of the deployment: each
 * takes some 20 MB, which a deployment without tables of strong consistency does not pay. The file of the wish is the nodes' to make.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Layout } from '../../deployment/layout.ts'
import type { Log } from '../../ports/log.ts'
import type { MemberPlan } from '../children/members.ts'
import type { Supervised } from '../children/supervised.ts'
import { type DeploymentTls, natsUrl } from '../flags/tls-flags.ts'

export type QuorumServersOptions = {
  readonly layout: Layout
  readonly make: (plan: MemberPlan) => Supervised
  readonly log: Log
}

const quorumWishPath = ({ data }: Layout): string => join(data, 'quorum-wanted')

/** What a node is told of its region's quorum server. One node of several has a server of its own too, which is there before it. */
export function quorumFlags(
  { quorum, of }: MemberPlan,
  { layout, tls, mrscConflicts = 'refuse' }: QuorumOptions,
): Readonly<Record<string, string>> {
  const between = of === undefined ? quorum : of.groupQuorum
  const told = { 'quorum-wanted': quorumWishPath(layout), 'mrsc-conflicts': mrscConflicts }
  return {
    ...(quorum === undefined ? {} : { quorum: natsUrl(tls, quorum.port) }),
    ...(of === undefined || between === undefined ? {} : { 'group-quorum': natsUrl(tls, between.port) }),
    ...(between === undefined ? {} : told),
  }
}

type QuorumOptions = {
  readonly layout: Layout
  readonly tls?: DeploymentTls | undefined
  readonly mrscConflicts?: 'refuse' | 'off'
}

export class QuorumServers {
  readonly #options: QuorumServersOptions
  readonly #servers = new Map<string, Supervised>()

  constructor(options: QuorumServersOptions) {
    this.#options = options
  }

  /** Called again and again: starts them once they are wanted. */
  look(): void {
    const { layout, make, log } = this.#options
    const plans: readonly MemberPlan[] = layout.regions.filter(({ quorum }) => quorum !== undefined)
    if (this.#servers.size > 0 || plans.length === 0 || !existsSync(quorumWishPath(layout))) return
    log.info('quorum servers are wanted, and start')
    for (const plan of plans) {
      const server = make(plan)
      this.#servers.set(plan.name, server)
      void this.#start(plan.name, server)
    }
  }

  /** Undefined where it is not wanted. */
  of(region: string): Supervised | undefined {
    return this.#servers.get(region)
  }

  get all(): readonly Supervised[] {
    return [...this.#servers.values()]
  }

  async #start(region: string, server: Supervised): Promise<void> {
    const reason = await server.startOrRetry()
    if (reason !== undefined) this.#options.log.error('a quorum server does not start', { region, reason })
  }
}
