import { describe, expect, test } from 'vitest'
import { layOut, portsOf } from '../../../src/deployment/layout.ts'
import { readRegions } from '../../../src/deployment/regions.ts'

const known = readRegions()

function uses(
  count: number,
  more: { readonly frontDoorPort?: number; readonly nodes?: number } = {},
): ReturnType<typeof portsOf> {
  const regions = known.all.slice(0, count).map(({ name }) => name)
  const options = { regions, basePort: 8000, data: '/data', host: '127.0.0.1', latency: true, cache: true }
  return portsOf(layOut({ ...options, frontDoor: true, ...more }, known))
}

const ports = (...asked: Parameters<typeof uses>): readonly number[] => uses(...asked).map(({ port }) => port)

describe('the ports of a deployment', () => {
  test.each([1, 3, 9, 11, 12, 13, 22])('of %i regions are all different', (count) => {
    const all = ports(count)
    expect(new Set(all).size).toBe(all.length)
    const quorum = count < 3 ? 0 : 2 * count + count * (count - 1)
    expect(all.length).toBe(4 * count + count * (count - 1) + 3 + quorum)
  })

  test.each([1, 2, 3, 9, 12, 22])('of %i regions of three nodes are all different', (count) => {
    const all = ports(count, { nodes: 3 })
    expect(new Set(all).size).toBe(all.length)
    const ofNodes = 3 * 5 * count
    const quorum = count < 3 ? 0 : 2 * count + count * (count - 1)
    expect(all.length).toBe(3 * count + ofNodes + 3 * count * (count - 1) + 3 + quorum)
  })

  test.each([1, 3, 8])('of %i regions stay within the two hundred from the base port', (count) => {
    expect(Math.min(...ports(count))).toBe(8000)
    expect(Math.max(...ports(count))).toBeLessThan(8200)
  })

  test('of 11 regions stay there too, but those of quorum servers', () => {
    const others = uses(11).filter(({ purpose }) => !purpose.includes('quorum'))
    expect(Math.max(...others.map(({ port }) => port))).toBeLessThan(8200)
  })

  test('begin for DAX’s clients where those expect them', () => {
    const regions = known.all.slice(0, 3).map(({ name }) => name)
    const options = { regions, basePort: 8000, data: '/data', host: '127.0.0.1', latency: true, cache: true }
    expect(layOut(options, known).regions.map(({ cache }) => cache?.dax)).toEqual(
      [8111, 8112, 8113].map((port) => ({ port, url: `dax://127.0.0.1:${port}` })),
    )
  })

  test('leave the front door alone where it was put elsewhere', () => {
    const all = ports(3, { frontDoorPort: 8103 })
    expect(new Set(all).size).toBe(all.length)
  })
})
