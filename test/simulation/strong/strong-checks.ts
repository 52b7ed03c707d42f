/** What a world of strongly consistent tables has promised, once everything is healed. */
import type { KeyedRow } from '../../../src/core/change/rows.ts'
import { required } from '../../../src/core/assert.ts'
import { marker } from '../../linearizability/workload.ts'
import { checkStores } from '../nodes/nodes-checks.ts'
import { checkEventualReads, checkLinearizable } from '../history-checks.ts'
import { expectThat } from '../violation.ts'
import { group } from './requests.ts'
import type { StrongRegion } from './strong-region.ts'
import type { StrongWorld } from './strong-world.ts'

export function checkStrong(world: StrongWorld): void {
  checkLinearizable(world.recorder)
  checkStreams(world)
  checkRows(world)
  checkEventual(world)
  checkWitness(world)
  if (world.several === undefined) return
  checkStores(world.several.nodes)
  world.several.nodes.leads.check()
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

function checkEventual({ recorder, tableId, replicas }: StrongWorld): void {
  const whole = replicas.find(isWhole)
  if (whole === undefined) return
  const { engine } = required(whole.member, `${whole.name} serves`)
  const renewed = new Set(replicas.filter((region) => !isWhole(region) || region.hasSeveral).map(({ name }) => name))
  checkEventualReads({ recorder, tableId, engine, renewed })
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
