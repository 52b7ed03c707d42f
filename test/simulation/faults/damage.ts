/**
 * Bytes that change on one disk while everything goes on, in a row that all replicas have and that is not being written. An
 * operator compares and repairs until it is found by its key and right again; what is not done by the end the prover does.
 */
import { keyName } from '../log-watch.ts'
import { decodeRow, type Row } from '../../../src/core/item/row.ts'
import { rowKey } from '../../../src/engine/store/keys.ts'
import { doubtedTables } from '../../../src/readers/replication/notes/doubts.ts'
import { differenceOfTables } from '../checks.ts'
import { secondOf } from '../expiring.ts'
import { damagedRow, Prover } from '../prover.ts'
import { rowsOf } from '../rows-of.ts'
import type { SimulatedRegion } from '../simulated-region.ts'
import type { World } from '../world.ts'
import type { Fault, Scene } from './fault.ts'

/** For writes that are under way to become durable everywhere. */
const quietMs = 1500
const againMs = 500
/** So that it is clear which one is damaged. */
const replicasMin = 3

export const damageBytes: Fault = {
  name: 'damaged bytes',
  world: 5,
  weight: 2,
  aim: 'in a row that three replicas have',
  inject: async (scene) => {
    const { world } = scene
    // Its moment comes late in most runs, if at all.
    while (!scene.healed && !isPossible(scene)) await world.scheduler.sleep(againMs)
    if (scene.healed) return
    // No region joins, leaves or loses its disk meanwhile.
    world.chores++
    await damageOne(scene)
    world.chores--
  },
}

/** A cache would show what the disk says, and a replica that is being made might take it over. */
function isPossible({ world, region }: Scene): boolean {
  if (world.chores > 0 || world.oldDisks > 0 || world.cached || region.engine === undefined) return false
  const [id, having] = sharedTable(world, region) ?? []
  if (id === undefined || having === undefined || differenceOfTables(world) !== undefined) return false
  // A replica of a store that was set back is filled again.
  return [...having].every(({ engine }) => engine !== undefined && doubtedTables(engine).length === 0)
}

function sharedTable(
  world: World,
  region: SimulatedRegion,
): readonly [string, ReadonlySet<SimulatedRegion>] | undefined {
  return [...world.complete].find(([, having]) => having.size >= replicasMin && having.has(region))
}

async function damageOne(scene: Scene): Promise<void> {
  const { world, region, random, meet } = scene
  const [id, having] = sharedTable(world, region) ?? []
  if (id === undefined || having === undefined || region.engine === undefined) return
  const live = rowsOf(region.engine, id).filter(({ row }) => stays(world, decodeRow(row)))
  if (live.length === 0) return
  const { key } = random.pick(live)
  world.damage.touch(id, key)
  await world.scheduler.sleep(quietMs)
  if (!damages(scene, [...having], { id, key })) return
  meet()
  await repair(scene, { id, key })
}

/** What expires is deleted, damaged or not. */
function stays({ expiring }: World, row: Row): boolean {
  return !row.tombstone && (expiring === undefined || secondOf(row) === undefined)
}

type Place = { readonly id: string; readonly key: Buffer }

function rowAt(region: SimulatedRegion, { id, key }: Place): Buffer | undefined {
  return region.engine === undefined ? undefined : rowsOf(region.engine, id).find((row) => row.key.equals(key))?.row
}

/** False when the replicas do not agree on the row just now. */
function damages({ world, region, ...scene }: Scene, having: readonly SimulatedRegion[], place: Place): boolean {
  const row = rowAt(region, place)
  const table = region.engine?.tableWithId(place.id)
  const agree = having.every((each) => row !== undefined && rowAt(each, place)?.equals(row) === true)
  if (scene.healed || row === undefined || table === undefined || !agree || decodeRow(row).tombstone) {
    world.damage.release(place.id, place.key)
    return false
  }
  const bytes = scene.random.pick([damagedRow(row), damagedRow(row), undefined])
  region.overwrite(rowKey(table.number, place.key), bytes)
  if (bytes === undefined) region.watch.lost.add(keyName(place.id, place.key))
  world.story.tell('world', bytes === undefined ? 'a row is lost' : 'a row is changed', {
    region: region.name,
    key: place.key.toString('latin1'),
  })
  world.damage.note({ region, ...place, row })
  return true
}

/** As an operator does it: compares, and repairs what differs. */
async function repair(scene: Scene, place: Place): Promise<void> {
  const { world, region } = scene
  const prover = new Prover(world)
  let found = false
  while (!scene.healed) {
    const table = region.engine?.tableWithId(place.id)
    if (table === undefined) {
      // A region that is down comes back with the damage on its disk.
      if (region.engine !== undefined) return
    } else if (!found) {
      const told = await prover.asked(region, () => region.replication?.compare(table))
      found = told?.differing.some(({ key }) => key.equals(place.key)) === true
    } else if ((await prover.repair(region, table)) && world.damage.isRepaired(region, place.id, place.key)) return
    await world.scheduler.sleep(againMs)
  }
}
