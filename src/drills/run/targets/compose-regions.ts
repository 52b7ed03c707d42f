/** The regions of a Compose file, to be asked for their status from outside, and the state of all its containers. */
import { Unanswered } from '../../../deployment/endpoints.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { AdminRelay } from './admin-relay.ts'
import { addressOf, containersOf, type Project } from './containers.ts'

export type ComposeRegions = {
  readonly regions: readonly {
    readonly region: string
    readonly endpoint: string
    readonly isReady: () => Promise<boolean>
    readonly status: () => Promise<unknown>
  }[]
  readonly states: readonly { readonly service: string; readonly state: string }[]
  close(): void
}

export async function composeRegions(project: Project): Promise<ComposeRegions> {
  const containers = await containersOf(project)
  const nodes = containers.filter(({ role, environment }) => role === 'node' && environment['LONGITUDE_REGION'])
  const relays = nodes.map((node) => ({ node, relay: new AdminRelay(node.id) }))
  return {
    regions: relays.map(({ node, node: { environment, service }, relay }) => ({
      region: environment['LONGITUDE_REGION'] ?? service,
      endpoint: addressOf(node) ?? service,
      isReady: async () => (await answerOf(relay, '../ready')) !== undefined,
      status: async () => {
        const status = await answerOf(relay, 'status')
        if (status === undefined) throw new Failure(`${service} refuses administration`)
        return status
      },
    })),
    states: containers
      .map(({ service, state }) => ({ service, state }))
      .toSorted((a, b) => a.service.localeCompare(b.service)),
    close: () => {
      for (const { relay } of relays) relay.close()
    },
  }
}

/** Undefined when the node refuses, which it does in JSON. Throws an Unanswered for a container, or a node in it, that says nothing. */
async function answerOf(relay: AdminRelay, path: string): Promise<unknown> {
  try {
    return await relay.ask(path)
  } catch (error) {
    if (messageOf(error).startsWith('{')) return undefined
    throw new Unanswered(messageOf(error))
  }
}
