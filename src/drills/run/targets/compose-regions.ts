/** The regions of a Compose file, to be asked for their status from outside, and the state of all its containers. */
import { Unanswered } from '../../../deployment/endpoints.ts'
import { type NodeAnswer, nodesStatus } from '../../../deployment/status/nodes-status.ts'
import type { AskedRegion } from '../../../deployment/status/regions-status.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { AdminRelay } from './admin-relay.ts'
import { type ContainerNode, type ContainerRegion, isRefusal, RegionRelay, regionsIn } from './container-regions.ts'
import { addressOf, containersOf, type Project } from './containers.ts'

export type ComposeRegions = {
  readonly regions: readonly AskedRegion[]
  readonly states: readonly { readonly service: string; readonly state: string }[]
  close(): void
}

type Relay = Pick<AdminRelay, 'ask' | 'close'>

export async function composeRegions(project: Project): Promise<ComposeRegions> {
  const containers = await containersOf(project)
  const relays: Relay[] = []
  const kept = <Each extends Relay>(relay: Each): Each => {
    relays.push(relay)
    return relay
  }
  return {
    regions: regionsIn(containers).map((region) => askedOf(region, kept)),
    states: containers
      .map(({ service, state }) => ({ service, state }))
      .toSorted((a, b) => a.service.localeCompare(b.service)),
    close: () => {
      for (const relay of relays) relay.close()
    },
  }
}

function askedOf(region: ContainerRegion, kept: <Each extends Relay>(relay: Each) => Each): AskedRegion {
  const { front } = region
  const relay = kept(new RegionRelay(region))
  const several = region.nodes.flatMap(({ name, container }) =>
    name === undefined ? [] : [{ name, container, relay: kept(new AdminRelay(container.id)) }],
  )
  return {
    region: region.region,
    endpoint: addressOf(front) ?? front.service,
    isReady: async () => await isAnyReady(several.length === 0 ? [relay] : several.map((node) => node.relay)),
    status: async () => {
      const status = await answerOf(relay, 'status')
      if (status === undefined) throw new Failure(`${front.service} refuses administration`)
      return status
    },
    ...(several.length === 0 ? {} : { nodes: async () => await nodesOf(several) }),
  }
}

/** Throws what one of them said where none answers. */
async function isAnyReady(relays: readonly Relay[]): Promise<boolean> {
  const answers = await Promise.allSettled(relays.map(async (relay) => await answerOf(relay, '../ready')))
  const answered = answers.filter((each) => each.status === 'fulfilled')
  const [failed] = answers.filter((each) => each.status === 'rejected')
  if (answered.length === 0 && failed !== undefined) throw failed.reason
  return answered.some(({ value }) => value !== undefined)
}

type NamedNode = ContainerNode & { readonly name: string; readonly relay: AdminRelay }

async function nodesOf(nodes: readonly NamedNode[]): Promise<readonly NodeAnswer[]> {
  return await nodesStatus(
    nodes.map(({ name, container: { service }, relay }) => ({
      node: name,
      endpoint: service,
      ready: async () => {
        const refusal = await refusalOf(relay, '../ready')
        return { isReady: refusal === undefined, text: refusal ?? '' }
      },
      told: async () => await relay.ask('node'),
    })),
  )
}

/** Undefined when the node refuses. Throws an Unanswered for containers, or nodes in them, that say nothing. */
async function answerOf(relay: Relay, path: string): Promise<unknown> {
  try {
    return await relay.ask(path)
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw new Unanswered(messageOf(error))
  }
}

async function refusalOf(relay: Relay, path: string): Promise<string | undefined> {
  try {
    await relay.ask(path)
    return undefined
  } catch (error) {
    if (isRefusal(error)) return messageOf(error)
    throw error
  }
}
