/** Which containers are a region: its only node, or its nodes and the balancer before them. */
import { messageOf } from '../../../process/failure.ts'
import { AdminRelay } from './admin-relay.ts'
import type { Container } from './containers.ts'

export type ContainerRegion = {
  readonly region: string
  /** Publishes the region's endpoint. */
  readonly front: Container
  readonly nodes: readonly ContainerNode[]
}

export type ContainerNode = {
  /** Where the region has several. */
  readonly name?: string
  readonly container: Container
}

export function regionsIn(containers: readonly Container[]): readonly ContainerRegion[] {
  const nodes = containers.filter(({ role, environment }) => role === 'node' && environment['LONGITUDE_REGION'])
  const names = [...new Set(nodes.flatMap(({ environment }) => environment['LONGITUDE_REGION'] ?? []))]
  return names.flatMap((region) => {
    const own = nodes.filter(({ environment }) => environment['LONGITUDE_REGION'] === region)
    const balancer = containers.find(
      ({ role, environment }) => role === 'balancer' && environment['LONGITUDE_REGION'] === region,
    )
    const front = balancer ?? own[0]
    return front === undefined ? [] : [{ region, front, nodes: own.map(nodeOf).toSorted(byName) }]
  })
}

function nodeOf(container: Container): ContainerNode {
  const { LONGITUDE_NODE: name } = container.environment
  return name === undefined ? { container } : { name, container }
}

const byName = ({ name: a = '' }: ContainerNode, { name: b = '' }: ContainerNode): number => a.localeCompare(b)

/** The administration of a region, asked in the container of any node that answers: each of them passes on what the leading one has to answer. */
export class RegionRelay {
  readonly #relays: readonly AdminRelay[]
  /** That which answered last is asked first. */
  #first = 0

  constructor({ nodes }: ContainerRegion) {
    this.#relays = nodes.map(({ container }) => new AdminRelay(container.id))
  }

  async ask(...question: Parameters<AdminRelay['ask']>): Promise<unknown> {
    const count = this.#relays.length
    let failed: unknown
    for (let n = 0; n < count; n++) {
      const at = (this.#first + n) % count
      try {
        const answer = await this.#relays[at]?.ask(...question)
        this.#first = at
        return answer
      } catch (error) {
        if (isRefusal(error)) throw error
        failed = error
      }
    }
    throw failed
  }

  close(): void {
    for (const relay of this.#relays) relay.close()
  }
}

/** A node that refuses says so in JSON. */
export const isRefusal = (error: unknown): boolean => messageOf(error).startsWith('{')
