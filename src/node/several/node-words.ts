/** What a node of a region of several says of itself, whatever its role. */
import { unreachable } from '../../core/assert.ts'
import type { AdminRoute, Readiness } from '../../http/routes.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Meter } from '../../ports/meter.ts'
import type { NodeLog } from '../../region/nodes/node-log.ts'
import type { NodeRole } from '../../region/nodes/node-role.ts'
import type { LeaderRoute } from './front/leader-route.ts'
import type { SeveralOptions } from './several-options.ts'
import type { TermRegion } from './term-region.ts'

export type WordsOptions = {
  readonly region: string
  readonly several: SeveralOptions
  readonly nodeLog: NodeLog
  readonly clock: Pick<Clock, 'wallMs'>
  readonly route: LeaderRoute
  /** The region of this process, once it serves. */
  readonly own: () => TermRegion | undefined
  readonly isStopping: () => boolean
}

const roles = ['leading', 'following', 'copying', 'away'] as const

export class NodeWords {
  readonly #options: WordsOptions

  constructor(options: WordsOptions) {
    this.#options = options
  }

  /** A node that follows is ready also in the moment in which no node leads: what it cannot answer waits. */
  readiness(): Readiness {
    const { region } = this.#options
    const reason = this.#reason()
    const { node, role, term, leader } = this.#self()
    return {
      ready: reason === undefined,
      region,
      node,
      role,
      term,
      ...(leader === undefined ? {} : { leader }),
      ...(reason === undefined ? {} : { reason }),
    }
  }

  /** For operators: `GET /admin/node`. */
  get route(): AdminRoute {
    return { method: 'GET', path: '/admin/node', answer: () => this.#told() }
  }

  measure(meter: Pick<Meter, 'gauge'>): void {
    const { nodeLog, route } = this.#options
    const { role } = nodeLog.role()
    const { term, sequence, durable } = nodeLog.status()
    for (const each of roles) meter.gauge('longitude_node_role', each === role ? 1 : 0, { role: each })
    meter.gauge('longitude_node_term', term)
    meter.gauge('longitude_node_applied_place', durable)
    meter.gauge('longitude_node_behind_entries', Math.max(0, sequence - durable))
    meter.gauge('longitude_node_entry_age_seconds', this.#entryAgeMs() / 1000)
    meter.gauge('longitude_node_waiting_requests', route.waiting)
  }

  #reason(): string | undefined {
    const { nodeLog, own, isStopping } = this.#options
    if (isStopping()) return 'it is stopping'
    const now = nodeLog.role()
    switch (now.role) {
      case 'leading': {
        const region = own()
        return region === undefined ? 'it begins to lead the region' : region.trouble()
      }
      case 'following':
        return undefined
      case 'copying':
        return `it copies the store of ${now.from ?? 'another node'} (${now.rows} rows so far)`
      case 'away':
        return (
          nodeLog.status().trouble ?? 'it reaches no majority of the region’s nodes, or has not caught up with them yet'
        )
      default:
        return unreachable(now)
    }
  }

  #self() {
    const { nodeLog, several } = this.#options
    const now = nodeLog.role()
    const leader = now.role === 'leading' ? several.node : now.role === 'following' ? now.leader?.node : undefined
    return { node: several.node, role: now.role, term: nodeLog.status().term, leader }
  }

  #told() {
    const { nodeLog, several, region } = this.#options
    const { sequence, durable, nodes, trouble } = nodeLog.status()
    return {
      region,
      ...this.#self(),
      ...(trouble === undefined ? {} : { trouble }),
      nodes: [...several.nodes.keys()].map((node) => ({ node, durable: nodes[node] })),
      sequence,
      durable,
      entryAgeMs: this.#entryAgeMs(),
    }
  }

  #entryAgeMs(): number {
    const { atMs } = this.#options.nodeLog.status()
    return atMs === 0 ? 0 : Math.max(0, this.#options.clock.wallMs() - atMs)
  }
}

export const roleText = (role: NodeRole): string =>
  role.role === 'leading' || role.role === 'following' ? `${role.role} in term ${role.term}` : role.role
