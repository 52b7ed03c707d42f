import { afterEach, expect, test, vi } from 'vitest'
import type { RegionEntry } from '../../../src/deployment/regions.ts'
import { type TopologyWatch, watchTopology } from '../../../src/node/topology-watch.ts'
import { quiet } from '../../replication/nats.ts'

const self = { name: 'us-east-1', number: 1 }
const fixed = [{ name: 'eu-west-1', number: 2, url: 'nats://eu' }]
const entry = (name: string, number: number, nats?: string): RegionEntry => ({ name, number, city: '', nats })
const ireland = entry('eu-west-1', 2, 'nats://elsewhere')

afterEach(() => void vi.useRealTimers())

function watched(read: () => readonly RegionEntry[]) {
  vi.useFakeTimers()
  const errors: string[] = []
  const log = { ...quiet, error: (event: string) => void errors.push(event) }
  const watch = watchTopology({ self, fixed, read, log, everyMs: 10 })
  const changes: (readonly (readonly [string, string | undefined])[])[] = []
  const stop = watch.start((changed) => void changes.push([...changed]))
  return { watch, changes, errors, stop, look: () => vi.advanceTimersByTime(10) }
}

const namesOf = ({ topology }: TopologyWatch): readonly string[] => topology.regions.map(({ name }) => name)

test('a region whose folder says where its NATS server is becomes a peer, and leaves with its folder', () => {
  let entries = [entry('us-east-1', 1), ireland, entry('sa-east-1', 7)]
  const { watch, changes, look, stop } = watched(() => entries)
  expect(namesOf(watch)).toEqual(['us-east-1', 'eu-west-1'])
  entries = [...entries.slice(0, 2), entry('sa-east-1', 7, 'nats://sa')]
  look()
  expect(changes).toEqual([[['sa-east-1', 'nats://sa']]])
  expect(namesOf(watch)).toEqual(['us-east-1', 'eu-west-1', 'sa-east-1'])
  expect(watch.topology.regions.at(-1)).toEqual({ name: 'sa-east-1', number: 7 })
  entries = entries.slice(0, 2)
  look()
  expect(changes.at(-1)).toEqual([['sa-east-1', undefined]])
  expect(namesOf(watch)).toEqual(['us-east-1', 'eu-west-1'])
  stop()
})

test('a region that moves is another, one that stays is the same, and one told by flag stays where it is', () => {
  let entries = [ireland, entry('sa-east-1', 7, 'nats://sa'), entry('ap-south-1', 8, 'nats://ap')]
  const { watch, changes, look, stop } = watched(() => entries)
  const [, , moving, staying] = watch.topology.regions
  entries = [ireland, entry('sa-east-1', 7, 'nats://sa-2'), entry('ap-south-1', 8, 'nats://ap')]
  look()
  expect(changes).toEqual([[['sa-east-1', 'nats://sa-2']]])
  expect(watch.topology.regions[2]).not.toBe(moving)
  expect(watch.topology.regions[3]).toBe(staying)
  expect(watch.addresses.get('eu-west-1')).toBe('nats://eu')
  stop()
})

test('a folder that cannot be read changes nothing, and is complained of once', () => {
  let broken = false
  const { watch, changes, errors, look, stop } = watched(() => {
    if (broken) throw new Error('region.json: not JSON')
    return [entry('sa-east-1', 7, 'nats://sa')]
  })
  broken = true
  look()
  look()
  expect(changes).toEqual([])
  expect(errors).toHaveLength(1)
  expect(namesOf(watch)).toContain('sa-east-1')
  stop()
})

test('where clients reach a region is known from its folder, followed there, and from a flag before that', () => {
  const at = (endpoint: string): RegionEntry => ({ ...entry('sa-east-1', 7, 'nats://sa'), endpoint })
  let entries = [at('http://sa:8000'), { ...ireland, endpoint: 'http://folder:8000' }]
  const watch = watchTopology({
    self,
    fixed,
    fixedEndpoints: { 'eu-west-1': 'http://flag:8000' },
    read: () => entries,
    log: quiet,
    everyMs: 10,
  })
  vi.useFakeTimers()
  const stop = watch.start(() => undefined)
  expect(Object.fromEntries(watch.endpoints)).toEqual({
    'sa-east-1': 'http://sa:8000',
    'eu-west-1': 'http://flag:8000',
  })
  entries = [at('http://moved:8000')]
  vi.advanceTimersByTime(10)
  expect(watch.endpoints.get('sa-east-1')).toBe('http://moved:8000')
  entries = []
  vi.advanceTimersByTime(10)
  expect([...watch.endpoints.keys()]).toEqual(['eu-west-1'])
  stop()
})
