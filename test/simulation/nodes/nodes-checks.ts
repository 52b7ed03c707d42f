/** What a region of several nodes has promised, once everything is healed. */
import { required } from '../../../src/core/assert.ts'
import { checkEventualReads, checkLinearizable } from '../history-checks.ts'
import { tableId } from '../strong/requests.ts'
import { expectThat } from '../violation.ts'
import type { NodesWorld } from './nodes-world.ts'
import type { SimulatedNode } from './simulated-node.ts'

export function checkNodes(world: NodesWorld): void {
  checkLinearizable(world.recorder)
  checkStores(world)
  world.leads.check()
  checkEventual(world)
}

/** All but what a node keeps for itself. */
export function bytesOf({ disk }: SimulatedNode): ReadonlyMap<string, string> {
  const ranges = [
    { from: Buffer.of(0), to: Buffer.of(0x90) },
    { from: Buffer.of(0x91), to: Buffer.of(0xff) },
  ]
  const entries = ranges.flatMap((range) => [...disk.map.entries(range)])
  return new Map(entries.map(({ key, value }) => [key.toString('hex'), value.toString('hex')]))
}

export function checkStores({ nodes }: NodesWorld): void {
  const [first, ...others] = nodes.map((node) => ({ name: node.name, bytes: bytesOf(node) }))
  for (const other of others) {
    const keys = new Set([...(first?.bytes.keys() ?? []), ...other.bytes.keys()])
    const differing = [...keys].filter((key) => first?.bytes.get(key) !== other.bytes.get(key))
    expectThat(
      differing.length === 0,
      'all nodes hold the same bytes',
      () => `${first?.name} and ${other.name} differ at ${differing.slice(0, 5).join(', ')}`,
    )
  }
}

function checkEventual({ recorder, nodes }: NodesWorld): void {
  const leading = nodes.find(({ process }) => process?.member !== undefined)
  const { engine } = required(leading?.process?.member, 'a node that leads')
  const renewed = new Set(nodes.filter(({ disks }) => disks > 1).map(({ name }) => name))
  checkEventualReads({ recorder, tableId, engine, renewed })
}
