/** What histories of strongly consistent tables have promised, whether regions or the nodes of one region answer. */
import { required } from '../../src/core/assert.ts'
import { decodeRow } from '../../src/core/item/row.ts'
import type { TableId } from '../../src/core/table/table.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { check } from '../linearizability/check.ts'
import { drawingOf } from '../linearizability/drawing.ts'
import type { Operation, Value } from '../linearizability/history.ts'
import { offenceIn } from '../linearizability/offence.ts'
import type { Recorder } from '../linearizability/recorder.ts'
import { itemIn, keyBytes, valueOf } from './strong/requests.ts'
import { expectThat, Violation } from './violation.ts'

export function checkLinearizable(recorder: Pick<Recorder, 'history'>): void {
  const result = check(recorder.history())
  if (result.verdict === 'not linearizable')
    throw new Violation(
      'strong operations are linearizable',
      `\n${drawingOf(result.key, offenceIn(null, result.refuted))}`,
    )
  expectThat(result.verdict === 'linearizable', 'a history can be decided', () => 'it has too many concurrent writes')
}

export type EventualReads = {
  readonly recorder: Pick<Recorder, 'operations'>
  readonly tableId: TableId
  /** Has all changes of the table in its log. */
  readonly engine: Pick<Engine, 'tableWithId' | 'readLog' | 'oldest'>
  /** Places that have had another disk, which may have been behind the one before. */
  readonly renewed: ReadonlySet<string>
}

/** Eventual reads of one place go through the key's values in their order, and may skip some. */
export function checkEventualReads({ renewed, ...of }: EventualReads): void {
  const values = valuesInOrder(of)
  const reads = new Map<string, number>()
  for (const operation of of.recorder.operations) {
    if (operation.consistency !== 'eventual' || operation.outcome !== 'ok') continue
    const at = placeOf(operation)
    const reader = `${at} ${operation.key}`
    const order = values.get(operation.key) ?? [null]
    const last = reads.get(reader) ?? 0
    const place = order.indexOf(operation.value ?? null, last)
    expectThat(
      place >= 0,
      'eventual reads are a prefix of the order',
      () =>
        `${at} read ${JSON.stringify(operation)}, and the key went through ${JSON.stringify(order)}; it was at ${last}`,
    )
    if (!renewed.has(at)) reads.set(reader, place)
  }
}

/** Clients are named after the region, or the node, that they ask. */
const placeOf = ({ process }: Operation): string => process.split('/')[0] ?? process

/** By key all values that it has had. */
function valuesInOrder({ recorder, tableId, engine }: Omit<EventualReads, 'renewed'>) {
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
