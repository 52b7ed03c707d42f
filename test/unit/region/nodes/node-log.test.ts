import { describe, expect, test } from 'vitest'
import { edit, nodeNames, NodesWorld, rowsOf, storeOf } from './nodes-world.ts'

describe('the nodes of a region', () => {
  const inWorld = async (work: (world: NodesWorld) => Promise<void>, seed = 1): Promise<void> => {
    const world = new NodesWorld(seed)
    for (const name of nodeNames) world.start(name)
    await world.run(async () => work(world))
  }

  test('one of them leads, and all hold what it writes', () =>
    inWorld(async (world) => {
      const leader = await world.leading()
      const store = storeOf(leader)
      await Promise.all([store.write([edit('x', '1')]), store.write([edit('y', '2'), edit('x', '3')])])
      expect(store.get(edit('x', '').key)?.toString()).toBe('3')
      await leader.log.barrier()
      await world.until(() => [...world.nodes.values()].every((node) => rowsOf(node).length === 2))
      for (const node of world.nodes.values()) expect(rowsOf(node)).toEqual(['\x10x=3', '\x10y=2'])
    }))

  test('a barrier asks the other nodes, and places nothing', () =>
    inWorld(async (world) => {
      const leader = await world.leading()
      await world.until(() =>
        [...world.nodes.values()].every(({ log }) => log.knownTerm() === leader.log.status().term),
      )
      const { sequence } = leader.log.status()
      for (let n = 0; n < 20; n++) await leader.log.barrier()
      expect(leader.log.status().sequence).toBe(sequence)
    }))

  test('a barrier is an entry while another node is away', () =>
    inWorld(async (world) => {
      const leader = await world.leading()
      const other = [...world.nodes.values()].find((node) => node !== leader)
      world.kill(other?.name ?? 'a')
      const { sequence } = leader.log.status()
      await leader.log.barrier()
      expect(leader.log.status().sequence).toBeGreaterThan(sequence)
    }))

  test('another one takes over from one that has died, with all that was acknowledged', () =>
    inWorld(async (world) => {
      const first = await world.leading()
      await storeOf(first).write([edit('x', '1')])
      const disk = world.kill(first.name)
      const second = await world.leading()
      expect(second.name).not.toBe(first.name)
      expect(storeOf(second).get(edit('x', '').key)?.toString()).toBe('1')
      await storeOf(second).write([edit('x', '2')])
      const back = world.start(first.name, disk)
      // It cannot say before it knows all that was placed, its own former terms among it.
      expect(back.log.knownTerm()).toBeUndefined()
      await world.until(() => rowsOf(back)[0] === '\x10x=2')
      expect(back.log.role()).toMatchObject({ role: 'following', leader: { node: second.name } })
      expect(back.log.knownTerm()).toBe(second.log.status().term)
    }))
})
