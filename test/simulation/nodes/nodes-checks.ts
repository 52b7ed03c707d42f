/** What a region of several nodes has promised, once everything is healed. */
import { required } from '../../../src/core/assert.ts'
import { decodeRow } from '../../../src/core/item/row.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { check } from '../../linearizability/check.ts'
import { drawingOf } from '../../linearizability/drawing.ts'
import type { Operation, Value } from '../../linearizability/history.ts'
import { offenceIn } from '../../linearizability/offence.ts'
import { itemIn, keyBytes, tableId, valueOf } from '../strong/requests.ts'
import { expectThat, Violation } from '../violation.ts'
import type { NodesWorld } from './nodes-world.ts'
import type { SimulatedNode } from './simulated-node.ts'

export function checkNodes(world: NodesWorld): void {
  checkLinearizable(world)
  checkStores(world)
  world.leads.check()
  checkEventual(world)
}

function checkLinearizable({ recorder }: NodesWorld): void {
  const result = check(recorder.history())
  if (result.verdict === 'not linearizable')
    throw new Violation(
      'strong operations are linearizable',
      `\n${drawingOf(result.key, offenceIn(null, result.refuted))}`,
    )
  expectThat(result.verdict === 'linearizable', 'a history can be decided', () => 'it has too many concurrent writes')
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

function checkStores({ nodes }: NodesWorld): void {
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

/** Eventual reads of one node go through the key's values in their order, and may skip some. A new disk may be behind the one before. */
function checkEventual(world: NodesWorld): void {
  const values = valuesInOrder(world)
  const renewed = new Set(world.nodes.filter(({ disks }) => disks > 1).map(({ name }) => name))
  const reads = new Map<string, number>()
  for (const operation of world.recorder.operations) {
    if (operation.consistency !== 'eventual' || operation.outcome !== 'ok') continue
    const node = nodeOf(operation)
    const reader = `${node} ${operation.key}`
    const order = values.get(operation.key) ?? [null]
    const last = reads.get(reader) ?? 0
    const place = order.indexOf(operation.value ?? null, last)
    expectThat(
      place >= 0,
      'eventual reads are a prefix of the order',
      () =>
        `${node} read ${JSON.stringify(operation)}, and the key went through ${JSON.stringify(order)}; it was at ${last}`,
    )
    if (!renewed.has(node)) reads.set(reader, place)
  }
}

/** Clients are named after their node. */
const nodeOf = ({ process }: Operation): string => process.split('/')[0] ?? process

/** By key all values that it has had. */
function valuesInOrder({ recorder, nodes }: NodesWorld): ReadonlyMap<string, readonly Value[]> {
  const leading = nodes.find(({ process }) => process?.member !== undefined)
  const engine: Engine = required(leading?.process?.member, 'a node that leads').engine
  const table = required(engine.tableWithId(tableId), 'the table')
  const keys = new Map(recorder.operations.map(({ key }) => [keyBytes(table, key).toString('hex'), key]))
  const values = new Map<string, Value[]>()
  for (const { key, row, cause } of engine.readLog(engine.oldest() - 1, Infinity, Infinity)) {
    const name = keys.get(key.toString('hex'))
    if (name === undefined || cause === 'table') continue
    const list = values.get(name) ?? [null]
    list.push(decodeRow(row).tombstone ? null : valueOf(itemIn(row)))
    values.set(name, list)
  }
  return values
}
