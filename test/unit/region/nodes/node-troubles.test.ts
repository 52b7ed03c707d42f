import { describe, expect, test } from 'vitest'
import { nodeEntryBytesMax } from '../../../../src/core/limits/nodes-limits.ts'
import { StoreLost } from '../../../../src/ports/store.ts'
import { edit, groupName, nodeNames, NodesWorld, rowsOf, storeOf, type WorldNode } from './nodes-world.ts'

const inWorld = async (work: (world: NodesWorld) => Promise<void>, seed = 1): Promise<void> => {
  const world = new NodesWorld(seed)
  for (const name of nodeNames) world.start(name)
  await world.run(async () => work(world))
}

const others = (world: NodesWorld, of: WorldNode): readonly WorldNode[] =>
  [...world.nodes.values()].filter((node) => node !== of)

const rejects = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('a node of a region', () => {
  test('that leads and is cut off refuses what waits, and another one leads', () =>
    inWorld(async (world) => {
      const first = await world.leading()
      const store = storeOf(first)
      world.cutOff(first.name)
      const [write, barrier] = [rejects(store.write([edit('x', '1')])), rejects(first.log.barrier())]
      expect(await write).toBeInstanceOf(StoreLost)
      expect(await barrier).toBeInstanceOf(StoreLost)
      expect(() => store.get(edit('x', '').key)).toThrow(StoreLost)
      const second = await world.leading()
      expect(second.name).not.toBe(first.name)
      await storeOf(second).write([edit('x', '2')])
      world.heal()
      await world.until(() => rowsOf(first)[0] === '\x10x=2')
      expect(first.log.role().role).toBe('following')
    }))

  test.each([1, 2, 3])('goes on leading when the stream has to elect another leader (seed %i)', (seed) => {
    const world = new NodesWorld(seed, 3000)
    for (const name of nodeNames) world.start(name)
    return world.run(async () => {
      let leader = await world.leading()
      while (leader.name === world.quorums.leader(groupName)) {
        await leader.log.resign()
        leader = await world.leading()
      }
      const { term } = leader.log.status()
      world.quorums.stop(world.quorums.leader(groupName) as string)
      await storeOf(leader).write([edit('x', '1')])
      await world.time.sleep(5000)
      expect(leader.log.role()).toEqual({ role: 'leading', term })
    })
  })

  test('that resigns is followed by another one at once', () =>
    inWorld(async (world) => {
      const first = await world.leading()
      const beganMs = world.time.nowMs
      await first.log.resign()
      const second = await world.leading()
      expect(second.name).not.toBe(first.name)
      expect(world.time.nowMs - beganMs).toBeLessThan(1000)
    }))

  test('writes a batch that is larger than an entry', () =>
    inWorld(async (world) => {
      const leader = await world.leading()
      const value = 'v'.repeat(nodeEntryBytesMax)
      await storeOf(leader).write([edit('x', value), edit('y', value), edit('z', '1')])
      await world.until(() => others(world, leader).every((node) => rowsOf(node).length === 3))
      for (const node of world.nodes.values()) expect(rowsOf(node)[0]).toBe(`\x10x=${value}`)
    }))

  test('whose entries are trimmed copies the store of another one', () =>
    inWorld(async (world) => {
      world.limits = { entryBytesMax: 1000, copyPageRowsMax: 3, trimStep: 4, entriesKeptMax: 8 }
      const [away] = [...world.nodes.keys()]
      for (const name of nodeNames) world.kill(name)
      for (const name of nodeNames) if (name !== away) world.start(name)
      const leader = await world.leading()
      for (let n = 0; n < 60; n++) {
        await storeOf(leader).write([edit(`x${n % 7}`, String(n))])
        await world.time.sleep(300)
      }
      const back = world.start(away as 'a')
      const writing = (async () => {
        for (let n = 60; n < 70; n++) await storeOf(leader).write([edit(`x${n % 7}`, String(n))])
      })()
      await world.until(() => back.log.role().role === 'following')
      await writing
      await world.until(() => rowsOf(back).join() === rowsOf(leader).join())
      expect(back.roles.map(({ role }) => role)).toContain('copying')
      expect(rowsOf(back)).toHaveLength(7)
    }))

  test('whose store refuses a write leads no more, and applies what it lacks later', () =>
    inWorld(async (world) => {
      const first = await world.leading()
      first.disk.fails = true
      expect(await rejects(storeOf(first).write([edit('x', '1')]))).toBeInstanceOf(StoreLost)
      const second = await world.leading()
      expect(second.name).not.toBe(first.name)
      await world.until(() => rowsOf(second)[0] === '\x10x=1')
      first.disk.fails = false
      await world.until(() => rowsOf(first)[0] === '\x10x=1')
    }))

  test('that was that of a region of one node begins with its rows, and the others copy them', () => {
    const world = new NodesWorld(1)
    const own = world.diskWith(edit('w', '0'), edit('x', '1'))
    world.start('a', own)
    world.start('b')
    return world.run(async () => {
      const leader = await world.leading()
      if (leader.name !== 'a') throw new Error('this seed lets the empty one lead')
      await storeOf(leader).write([edit('y', '2')])
      world.start('c')
      await world.until(() => [...world.nodes.values()].every((node) => rowsOf(node).length === 3))
    })
  })

  test('that has rows which the region has not begun with stands still, and keeps them', () => {
    const world = new NodesWorld(1)
    world.start('b')
    world.start('c')
    return world.run(async () => {
      await storeOf(await world.leading()).write([edit('y', '2')])
      const stranger = world.start('a', world.diskWith(edit('x', '1')))
      await world.until(() => stranger.log.status().trouble !== undefined)
      await world.time.sleep(5000)
      expect(rowsOf(stranger)).toEqual(['\x10x=1'])
    })
  })

  test('that has followed further than the stream goes stands still, and keeps its rows', () =>
    inWorld(async (world) => {
      const first = await world.leading()
      for (let n = 0; n < 20; n++) await storeOf(first).write([edit('x', String(n))])
      const disks = nodeNames.map((name) => [name, world.kill(name)] as const)
      for (const name of nodeNames) world.quorums.stop(name)
      for (const name of nodeNames) world.quorums.server(name).copies.clear()
      for (const name of nodeNames) world.quorums.start(name)
      const nodes = disks.map(([name, disk]) => world.start(name, disk))
      await world.until(() => nodes.every(({ log }) => log.status().trouble !== undefined))
      expect(nodes.map(({ log }) => log.role().role)).toEqual(['away', 'away', 'away'])
      expect(nodes.map((node) => rowsOf(node).length)).toEqual([1, 1, 1])
    }))
})
