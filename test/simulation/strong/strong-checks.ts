/** What a world of strongly consistent tables has promised, once everything is healed. */
import type { KeyedRow } from '../../../src/core/change/rows.ts'
import { required } from '../../../src/core/assert.ts'
import { decodeRow } from '../../../src/core/item/row.ts'
import { check } from '../../linearizability/check.ts'
import { drawingOf } from '../../linearizability/drawing.ts'
import type { Operation, Value } from '../../linearizability/history.ts'
import { offenceIn } from '../../linearizability/offence.ts'
import { marker } from '../../linearizability/workload.ts'
import { expectThat, Violation } from '../violation.ts'
import { group, itemIn, keyBytes, valueOf } from './requests.ts'
import type { StrongRegion } from './strong-region.ts'
import type { StrongWorld } from './strong-world.ts'

export function checkStrong(world: StrongWorld): void {
  checkLinearizable(world)
  checkStreams(world)
  checkRows(world)
  checkEventual(world)
  checkWitness(world)
}

function checkLinearizable({ recorder }: StrongWorld): void {
  const result = check(recorder.history())
  if (result.verdict === 'not linearizable')
    throw new Violation(
      'strong operations are linearizable',
      `\n${drawingOf(result.key, offenceIn(null, result.refuted))}`,
    )
  expectThat(result.verdict === 'linearizable', 'a history can be decided', () => 'it has too many concurrent writes')
}

/** Changes of items as a region has them: the key, and the row with its stamp. */
function streamOf({ member, name }: StrongRegion): readonly string[] {
  const { engine } = required(member, `${name} serves`)
  return engine
    .readLog(engine.oldest() - 1, Infinity, Infinity)
    .filter(({ cause }) => cause === 'client')
    .map(({ key, row }) => `${key.toString('hex')} ${row.toString('hex')}`)
}

/** One that has all of the stream: it has never begun with the state of another. */
const isWhole = ({ copied }: StrongRegion): boolean => copied === 0

function checkStreams({ replicas }: StrongWorld): void {
  const whole = replicas.filter(isWhole)
  const [first] = whole
  if (first === undefined) return
  const stream = streamOf(first)
  for (const other of whole)
    expectThat(
      streamOf(other).join('\n') === stream.join('\n'),
      'streams are the same in every region',
      () => `${first.name} and ${other.name} differ at ${streamOf(other).findIndex((each, n) => each !== stream[n])}`,
    )
  // What it has found done in the other's state is not in its stream.
  for (const other of replicas.filter((region) => !isWhole(region))) {
    let at = -1
    for (const change of streamOf(other)) {
      at = stream.indexOf(change, at + 1)
      expectThat(
        at >= 0,
        'streams are the same in every region',
        () => `${other.name} has ${change}, which ${first.name} does not have there`,
      )
    }
  }
}

function checkRows(world: StrongWorld): void {
  const [first, ...others] = world.replicas
  const text = ({ key, row }: KeyedRow): string => `${key.toString('hex')} ${row.toString('hex')}`
  const rowsOf = (region: StrongRegion | undefined): string =>
    (region?.member?.engine.rows(world.tableId, undefined, 100_000, Infinity) ?? []).map(text).join('\n')
  for (const other of others)
    expectThat(
      rowsOf(first) === rowsOf(other),
      'replicas hold the same rows',
      () => `${first?.name}:\n${rowsOf(first)}\n${other.name}:\n${rowsOf(other)}`,
    )
}

/** Eventual reads of one region go through the key's values in their order, and may skip some. Another disk may be behind the one before. */
function checkEventual(world: StrongWorld): void {
  const whole = world.replicas.find(isWhole)
  if (whole === undefined) return
  const values = valuesInOrder(world, whole)
  const copying = new Set(world.replicas.filter((region) => !isWhole(region)).map(({ name }) => name))
  const reads = new Map<string, { place: number }>()
  for (const operation of world.recorder.operations) {
    if (operation.consistency !== 'eventual' || operation.outcome !== 'ok') continue
    const region = regionOf(operation)
    const reader = `${region} ${operation.key}`
    const last = reads.get(reader) ?? { place: 0 }
    const order = values.get(operation.key) ?? [null]
    const place = order.indexOf(operation.value ?? null, last.place)
    expectThat(
      place >= 0,
      'eventual reads are a prefix of the order',
      () =>
        `${region} read ${JSON.stringify(operation)}, and the key went through ${JSON.stringify(order)}; it was at ${last.place}`,
    )
    if (!copying.has(region)) reads.set(reader, { place })
  }
}

/** Clients are named after their region. */
const regionOf = ({ process }: Operation): string => process.split('/')[0] ?? process

/** By key all values that it has had. */
function valuesInOrder(
  { recorder, tableId }: StrongWorld,
  { member, name: region }: StrongRegion,
): ReadonlyMap<string, readonly Value[]> {
  const { engine } = required(member, `${region} serves`)
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

/** No server of a witness holds a byte that a client wrote. */
function checkWitness({ witness, quorums }: StrongWorld): void {
  if (witness === undefined) return
  const entries = quorums.server(witness.name).copies.get(group)?.state().entries ?? []
  for (const { bytes } of entries)
    expectThat(
      !bytes.includes(marker),
      'a witness holds nothing readable',
      () => `${witness.name} has ${bytes.toString('latin1')}`,
    )
}
