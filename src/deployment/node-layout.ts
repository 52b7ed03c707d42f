/**
 * Where the nodes of a region listen that has several (docs/operating/nodes.md). Their ports follow on all others of the deployment: for each node its endpoint, its port for
 * the other nodes, its NATS server, and its quorum server's two. The region's own port is the balancer's.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export type NodePlan = {
  readonly name: string
  readonly port: number
  /** For the other nodes of the region. */
  readonly nodePort: number
  readonly natsPort: number
  readonly quorum: { readonly port: number; readonly routePort: number }
  /** data/<region>/<node>. */
  readonly folder: string
}

const names = ['a', 'b', 'c'] as const
const portsOfNode = 5

/** Of a region of one node none: that one has no name. */
export function nodesOf(count: number, folder: string, firstPort: number): readonly NodePlan[] {
  return names.slice(0, count === 1 ? 0 : count).map((name, index) => {
    const port = firstPort + portsOfNode * index
    return {
      name,
      port,
      nodePort: port + 1,
      natsPort: port + 2,
      quorum: { port: port + 3, routePort: port + 4 },
      folder: join(folder, name),
    }
  })
}

/** The nodes whose stores lie in the folder of a region. */
export const nodeFoldersIn = (folder: string): readonly string[] =>
  names.filter((name) => existsSync(join(folder, name, 'store')))

/** How many ports the nodes of a region take. */
export const portsOfNodes = (count: number): number => (count === 1 ? 0 : portsOfNode * count)

type Use = { readonly port: number; readonly purpose: string }

export function portsOfNodePlan(region: string, node: NodePlan): readonly Use[] {
  const whose = `node ${node.name} of ${region}`
  return [
    { port: node.port, purpose: `the endpoint of ${whose}` },
    { port: node.nodePort, purpose: `${whose}, for the other nodes` },
    { port: node.natsPort, purpose: `the NATS server of ${whose}` },
    { port: node.quorum.port, purpose: `the quorum server of ${whose}` },
    { port: node.quorum.routePort, purpose: `the quorum server of ${whose} for the others` },
  ]
}
