/** Every cell of the table of a replica's states, as a region with that table of that state acts. */
import { Retries } from '../../../../../src/readers/retries.ts'
import { describe, expect, it } from 'vitest'
import type { RegisterEdit } from '../../../../../src/engine/commands/command.ts'
import type { Engine } from '../../../../../src/engine/engine.ts'
import { Emptied } from '../../../../../src/readers/replication/copy/transfer.ts'
import { Mutex } from '../../../../../src/readers/replication/flow/mutex.ts'
import { replicasOf } from '../../../../../src/readers/replication/notes/registers-of.ts'
import { joinNote } from '../../../../../src/readers/replication/replicas/join-progress.ts'
import {
  type ReplicaCell,
  replicaCell,
  replicaEvents,
  replicaStates,
  replicaTable,
} from '../../../../../src/readers/replication/replicas/replica-table.ts'
import { Replicas } from '../../../../../src/readers/replication/replicas/replicas.ts'
import { Sources } from '../../../../../src/readers/replication/replicas/copy-sources.ts'
import { openRegion, tableEdits } from '../../../engine/region.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
const peers = [{ name: eu, number: 2 }]
const id = 'id-T'

const own = (status: string): RegisterEdit => ({ register: `replica/${us}`, value: { status } })
const others: RegisterEdit = { register: `replica/${eu}`, value: { status: 'ACTIVE' } }

const registersOf: Readonly<Record<ReplicaCell['state'], readonly RegisterEdit[]>> = {
  unshared: [],
  struck: [others],
  creating: [others, own('CREATING')],
  complete: [others, own('ACTIVE')],
  failed: [others, own('CREATION_FAILED')],
  leaving: [others, own('DELETING')],
  parting: [others, own('ACTIVE'), { register: `leave/${us}`, value: { keepsTable: true } }],
}

async function regionWith({ state, event }: Pick<ReplicaCell, 'state' | 'event'>) {
  const region = await openRegion(us)
  const isAway = event === 'is away'
  const edits = tableEdits('T', { more: registersOf[state] })
  const here = edits.filter(({ register }) => !isAway || !register.startsWith('local/'))
  const guard: RegisterEdit = { register: 'local/deletion-protection', value: true }
  await region.engine.define(id, event === 'is here and protected' ? [...here, guard] : here)
  return region
}

const cellNow = (engine: Engine): ReplicaCell | undefined =>
  replicaCell(engine.tableWithId(id), replicasOf(engine, id), us)

/** What the region has done about the table within some turns. */
async function actionOf({ engine, env, clock }: Awaited<ReturnType<typeof regionWith>>): Promise<string> {
  const before = JSON.stringify(engine.registers(id).map(({ key }) => key.toString()))
  const replicas = new Replicas({
    env,
    engine,
    peers,
    mutex: new Mutex(),
    retries: new Retries(env),
    sources: new Sources(clock),
    sessionTo: () => undefined,
    emptied: new Emptied(),
    onRegisters: () => {},
    logEnds: () => ({ own: 0, peers: new Map() }),
    hasPassed: () => true,
  })
  replicas.start()
  for (let turn = 0; turn < 60; turn++) await clock.sleep()
  await replicas.stop()
  if (engine.note(joinNote(id)) !== undefined) return 'join'
  const table = engine.tableNamed('T')
  if (table !== undefined && table.id !== id)
    return table.replicas.length === 0 ? 'a table of its own' : 'another table'
  const after = engine.registers(id)
  if (JSON.stringify(after.map(({ key }) => key.toString())) !== before) return 'other registers'
  return replicasOf(engine, id).has(us) || registersEmpty(engine) ? 'nothing' : 'no replica'
}

const registersEmpty = (engine: Engine): boolean => replicasOf(engine, id).size === 0

describe('a replica', () => {
  it('has one cell for every place of its table in every state', () => {
    const names = replicaTable.map(({ state, event }) => `${state}, ${event}`)
    expect(new Set(names).size).toBe(names.length)
    expect(names.toSorted()).toEqual(replicaStates.flatMap((s) => replicaEvents.map((e) => `${s}, ${e}`)).toSorted())
  })

  it.each(replicaTable)('that is $state while its table $event: $action', async (cell) => {
    const region = await regionWith(cell)
    // A table that is being deleted counts as here, protected or not.
    const { state, action } = cell
    expect(cellNow(region.engine)).toMatchObject({ state, action })
    const done = await actionOf(region)
    if (cell.action === 'join') expect(done).toBe('join')
    else if (cell.action === 'part' || cell.action === 'release') expect(done).toBe('a table of its own')
    else if (cell.action === 'strike') {
      expect(replicasOf(region.engine, id).has(us)).toBe(false)
      expect(cellNow(region.engine)).toMatchObject({ state: cell.next, action: 'none' })
    } else {
      expect(done).toBe(cell.state === 'struck' ? 'no replica' : 'nothing')
      expect(cellNow(region.engine)).toMatchObject({ state: cell.next, action })
    }
  })

  it('that lost its disk is being made again once the join has begun', async () => {
    const cell = { state: 'complete', event: 'is away' } as const
    const region = await regionWith(cell)
    await actionOf(region)
    expect(cellNow(region.engine)).toMatchObject({ state: 'creating', event: 'is here' })
  })
})
