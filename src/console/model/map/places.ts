/** Where the regions stand on the map; those without a known place stand in a row below it. Pure. */
import { mapFrame, type Point, project } from './map-projection.ts'

type Placed = {
  readonly name: string
  readonly latitude?: number | undefined
  readonly longitude?: number | undefined
}

export function placesOf(regions: readonly Placed[]): ReadonlyMap<string, Point> {
  const strange = regions.filter(({ latitude, longitude }) => latitude === undefined || longitude === undefined)
  const places = regions.map(({ name, latitude, longitude }) => {
    if (latitude !== undefined && longitude !== undefined) return [name, rounded(project(longitude, latitude))] as const
    const index = strange.findIndex((each) => each.name === name)
    const x = (mapFrame.width * (index + 1)) / (strange.length + 1)
    return [name, { x, y: mapFrame.height - 20 }] as const
  })
  return new Map(places)
}

export type LabelSide = { readonly dx: number; readonly dy: number; readonly anchor: 'start' | 'middle' | 'end' }

/** Where a label is away from most lines: outwards at the sides, above in the middle. */
export function labelSide({ x }: Point): LabelSide {
  if (x < mapFrame.width * 0.4) return { dx: -10, dy: 4, anchor: 'end' }
  if (x > mapFrame.width * 0.68 && x < mapFrame.width * 0.88) return { dx: 10, dy: 4, anchor: 'start' }
  return { dx: 0, dy: -22, anchor: 'middle' }
}

type Box = { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number }

/** Of a label, roughly, in units of the map. */
const characterWidth = 7
const lineHeight = 13

/** Names whose labels cover no other label; the first of two that would lie on each other has the place. */
export function labelsApart(places: ReadonlyMap<string, Point>): ReadonlySet<string> {
  const taken: Box[] = []
  const apart = new Set<string>()
  for (const [name, at] of places) {
    const box = boxOf(name, at)
    if (taken.some((other) => isOver(box, other))) continue
    taken.push(box)
    apart.add(name)
  }
  return apart
}

function boxOf(name: string, at: Point): Box {
  const { dx, dy, anchor } = labelSide(at)
  const width = name.length * characterWidth
  const before = { start: 0, middle: width / 2, end: width }[anchor]
  const bottom = at.y + (anchor === 'middle' ? -10 : dy)
  return { left: at.x + dx - before, right: at.x + dx - before + width, top: bottom - lineHeight, bottom }
}

const isOver = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom

const rounded = ({ x, y }: Point): Point => ({ x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 })
