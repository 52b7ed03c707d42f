/** The nodes of a region as its processes see them: the only one of a region of one node, or each of several, with servers of its own. */
import { join } from 'node:path'
import type { NodePlan } from '../../deployment/node-layout.ts'
import type { RegionPlan } from '../../deployment/layout.ts'
import type { Supervised } from './supervised.ts'

/** A region's plan with the ports and the folder of one of its nodes. */
export type MemberPlan = Omit<RegionPlan, 'nodes'> & {
  /** Where the region has several. */
  readonly of?: {
    readonly node: NodePlan
    readonly all: readonly NodePlan[]
    readonly regionFolder: string
    /** Of the region, among those of the other regions; the node's own orders what the nodes write. */
    readonly groupQuorum: RegionPlan['quorum']
  }
}

export type Member = {
  readonly plan: MemberPlan
  readonly node: Supervised
  readonly nats: Supervised
  /** Undefined where none is wanted. */
  readonly quorum: () => Supervised | undefined
}

export function membersOf({ nodes, ...plan }: RegionPlan): readonly MemberPlan[] {
  if (nodes.length === 0) return [plan]
  return nodes.map((node) => {
    const { port, natsPort, quorum, folder } = node
    const of = { node, all: nodes, regionFolder: plan.folder, groupQuorum: plan.quorum }
    return { ...plan, port, natsPort, quorum, folder, of }
  })
}

/** What a node is told of the others of its region. */
export function severalFlags({ of }: MemberPlan): readonly string[] {
  if (of === undefined) return []
  return [
    `--node=${of.node.name}`,
    ...of.all.map(({ name, nodePort }) => `--node-at=${name}=127.0.0.1:${nodePort}`),
    `--node-secret=${join(of.regionFolder, 'node-secret')}`,
  ]
}

/** As in logs: the region, and where it has several the node. */
export const memberName = ({ name, of }: MemberPlan): string => (of === undefined ? name : `${name}/${of.node.name}`)
