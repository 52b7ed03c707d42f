import { describe, expect, test } from 'vitest'
import { readRegions } from '../../../src/deployment/regions.ts'
import { layOut, portsOf } from '../../../src/deployment/layout.ts'

const regions = readRegions()

describe('regions/', () => {
  test('has at least twenty regions, and the distance between any two of them', () => {
    expect(regions.all.length).toBeGreaterThanOrEqual(20)
    for (const { name: from } of regions.all)
      for (const { name: to } of regions.all) {
        const ms = regions.roundTripMs(from, to)
        expect({ from, to, measured: ms !== undefined && ms >= 0 && ms < 1000 }).toEqual({ from, to, measured: true })
        expect(ms).toBe(regions.roundTripMs(to, from))
      }
  })

  // A number that is given to another region would break ties differently in old data: add lines here, never change one.
  test('keeps the numbers that it has given', () => {
    expect(Object.fromEntries(regions.all.map(({ name, number }) => [name, number]))).toMatchObject({
      'us-east-1': 1,
      'eu-west-1': 2,
      'ap-northeast-1': 3,
      'us-east-2': 4,
      'us-west-1': 5,
      'us-west-2': 6,
      'ca-central-1': 7,
      'mx-central-1': 8,
      'sa-east-1': 9,
      'eu-west-2': 10,
      'eu-west-3': 11,
      'eu-central-1': 12,
      'eu-north-1': 13,
      'eu-south-1': 14,
      'af-south-1': 15,
      'me-south-1': 16,
      'ap-south-1': 17,
      'ap-southeast-1': 18,
      'ap-southeast-2': 19,
      'ap-northeast-2': 20,
      'ap-northeast-3': 21,
      'ap-east-1': 22,
    })
  })
})

describe('the layout of regions on one machine', () => {
  const options = { data: '/tmp/x', host: '127.0.0.1', latency: true, basePort: 8000, cache: true }

  test('gives every endpoint, NATS server and link a port of its own, however many regions there are', () => {
    const layout = layOut({ ...options, regions: regions.all.map(({ name }) => name) }, regions)
    const ports = portsOf(layout).map(({ port }) => port)
    expect(new Set(ports).size).toBe(ports.length)
    expect(layout.links).toHaveLength(regions.all.length * (regions.all.length - 1))
  })

  test('starts with Virginia, Ireland and Tokyo at 8000, 8001 and 8002', () => {
    const layout = layOut({ ...options, regions: ['us-east-1', 'eu-west-1', 'ap-northeast-1'] }, regions)
    expect(layout.regions.map(({ endpoint }) => endpoint)).toEqual([
      'http://127.0.0.1:8000',
      'http://127.0.0.1:8001',
      'http://127.0.0.1:8002',
    ])
    const link = layout.links.find(({ from, to }) => from === 'ap-northeast-1' && to === 'us-east-1')
    expect(link).toMatchObject({ port: 8107, targetPort: 8100, roundTripMs: 149.7 })
  })

  for (const cache of [true, false])
    for (const frontDoor of [true, false])
      for (const latency of [true, false])
        test(`one region alone has no links and is laid out: ${JSON.stringify({ cache, frontDoor, latency })}`, () => {
          const layout = layOut({ ...options, regions: ['eu-west-1'], cache, frontDoor, latency }, regions)
          expect(layout.links).toEqual([])
          // The endpoint, the NATS server, the controls of `up` and of the links; a cache with its two ports and the front door, if there are any.
          expect(portsOf(layout)).toHaveLength(4 + 2 * Number(cache) + Number(frontDoor))
        })

  test('says when the ports run out', () => {
    expect(() => layOut({ ...options, basePort: 65_500, regions: ['us-east-1'] }, regions)).toThrow('--base-port 65500')
  })
})
