import { expect, test } from 'vitest'
import { Lifecycle } from '../../../src/region/lifecycle.ts'

test('what was started last stops first, each after the one before has stopped', async () => {
  const life = new Lifecycle()
  const stopped: string[] = []
  for (const name of ['store', 'engine', 'server'])
    life.add(async () => {
      await Promise.resolve()
      stopped.push(name)
    })
  await life.stop()
  expect(stopped).toEqual(['server', 'engine', 'store'])
})

test('one that cannot be stopped keeps none of the others from it, and is reported', async () => {
  const life = new Lifecycle()
  const stopped: string[] = []
  life.add(() => stopped.push('store'))
  life.add(() => {
    throw new Error('the engine is stuck')
  })
  life.add(() => stopped.push('server'))
  await expect(life.stop()).rejects.toThrow('the engine is stuck')
  expect(stopped).toEqual(['server', 'store'])
})

test('nothing is stopped twice', async () => {
  const life = new Lifecycle()
  let times = 0
  life.add(() => times++)
  await Promise.all([life.stop(), life.undo()])
  expect(times).toBe(1)
})
