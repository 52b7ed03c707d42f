/** The regions of a Compose file, to be asked for their status from outside, and the state of all its containers. */
import { AdminRelay } from './admin-relay.ts'
import { containersOf, type Project } from './containers.ts'

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
    regions: relays.map(({ node: { environment, published, service }, relay }) => ({
      region: environment['LONGITUDE_REGION'] ?? service,
      endpoint: published === undefined ? service : `http://127.0.0.1:${published}`,
      isReady: async () =>
        await relay.ask('../ready').then(
          () => true,
          () => false,
        ),
      status: async () => await relay.ask('status'),
    })),
    states: containers
      .map(({ service, state }) => ({ service, state }))
      .toSorted((a, b) => a.service.localeCompare(b.service)),
    close: () => {
      for (const { relay } of relays) relay.close()
    },
  }
}
