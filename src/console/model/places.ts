/** Where the regions stand on the map; those without a known place stand in a row below it. Pure. */
import { mapFrame, type Point, project } from './projection.ts'

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

const rounded = ({ x, y }: Point): Point => ({ x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 })
