import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arcOf, draggedTo } from '../../../src/console/model/map/arcs.ts'
import { labelsApart, placesOf } from '../../../src/console/model/map/places.ts'
import { mapFrame, project } from '../../../src/console/model/map/map-projection.ts'
import { readRegions } from '../../../src/deployment/regions.ts'

describe('the map', () => {
  test('has a place in its frame for every region that comes with the program', () => {
    const { all } = readRegions()
    const places = placesOf(all)
    expect(places.size).toBe(22)
    expect(all.filter(({ latitude }) => latitude === undefined)).toEqual([])
    for (const { x, y } of places.values()) {
      expect(x > 0 && x < mapFrame.width).toBe(true)
      expect(y > 0 && y < mapFrame.height).toBe(true)
    }
    expect(places.get('us-west-2')?.x).toBeLessThan(places.get('us-east-1')?.x ?? 0)
    expect(places.get('ap-southeast-2')?.y).toBeGreaterThan(places.get('ap-northeast-1')?.y ?? 0)
  })

  test('puts regions without a known place below it, each in its own', () => {
    const places = placesOf([{ name: 'a' }, { name: 'b' }])
    expect(places.get('a')).not.toEqual(places.get('b'))
  })

  test('draws east to the right and north above, everywhere', () => {
    const degrees = fc.tuple(
      fc.double({ min: -179, max: 178, noNaN: true }),
      fc.double({ min: -80, max: 79, noNaN: true }),
    )
    fc.assert(
      fc.property(degrees, ([longitude, latitude]) => {
        expect(project(longitude + 1, latitude).x).toBeGreaterThan(project(longitude, latitude).x)
        expect(project(longitude, latitude + 1).y).toBeLessThan(project(longitude, latitude).y)
      }),
    )
  })
})

test('labels that would lie on each other leave the place to the first', () => {
  const at = (x: number, y: number) => ({ x, y })
  const places = new Map([
    ['us-east-1', at(100, 100)],
    ['us-east-2', at(104, 103)],
    ['us-west-1', at(100, 140)],
  ])
  expect([...labelsApart(places)]).toEqual(['us-east-1', 'us-west-1'])
})

describe('the handle of an arc', () => {
  const arc = arcOf({ x: 100, y: 100 }, { x: 300, y: 100 })
  const outwards = (units: number) => ({ x: arc.outwards.x * units, y: arc.outwards.y * units })

  test('lies on the other side of the line than that of the way back', () => {
    const back = arcOf({ x: 300, y: 100 }, { x: 100, y: 100 })
    expect(Math.sign(arc.middle.y - 100)).toBe(-Math.sign(back.middle.y - 100))
  })

  test('slows when it is drawn away, cuts when it is drawn across, and does nothing in between', () => {
    expect(draggedTo(outwards(40), arc, 70)).toEqual({ kind: 'slow', roundTripMs: 270 })
    expect(draggedTo(outwards(-30), arc, 70)).toEqual({ kind: 'cut' })
    expect(draggedTo(outwards(2), arc, 70)).toEqual({ kind: 'nothing' })
    expect(draggedTo(outwards(9999), arc, 70)).toEqual({ kind: 'slow', roundTripMs: 5000 })
  })
})
