/** The lines of the map: for every two regions two arcs, one for each direction, which bend away from each other. Pure. */
import type { Point } from './map-projection.ts'

export type Arc = {
  readonly path: string
  /** In the middle of the arc: the handle. */
  readonly middle: Point
  /** Of length 1, away from the other direction. */
  readonly outwards: Point
}

const bendShare = 0.16
const bendMax = 60
const bendMin = 14

export function arcOf(from: Point, to: Point): Arc {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const length = Math.hypot(dx, dy) || 1
  // To the left of the way, so that the way back bends to the other side.
  const outwards = { x: dy / length, y: -dx / length }
  const bend = Math.max(bendMin, Math.min(bendMax, length * bendShare))
  const between = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }
  const control = { x: between.x + outwards.x * bend * 2, y: between.y + outwards.y * bend * 2 }
  const middle = { x: between.x + outwards.x * bend, y: between.y + outwards.y * bend }
  const path = `M${round(from.x)} ${round(from.y)}Q${round(control.x)} ${round(control.y)} ${round(to.x)} ${round(to.y)}`
  return { path, middle: { x: round(middle.x), y: round(middle.y) }, outwards }
}

const round = (value: number): number => Math.round(value * 10) / 10

export type Dragged =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'slow'; readonly roundTripMs: number }

/** Less is a click. */
const deadZone = 6
/** So far inwards, across the line between the regions, cuts it. */
const cutAt = -24
const msPerUnit = 5
const stepMs = 5
const roundTripMsMax = 5000

/** What a handle that was moved asks for: outwards is slower, inwards across the line is a cut. */
export function draggedTo(moved: Point, { outwards }: Arc, configuredMs: number): Dragged {
  const along = moved.x * outwards.x + moved.y * outwards.y
  if (along <= cutAt) return { kind: 'cut' }
  if (along < deadZone) return { kind: 'nothing' }
  const ms = Math.round((configuredMs + along * msPerUnit) / stepMs) * stepMs
  return { kind: 'slow', roundTripMs: Math.min(roundTripMsMax, ms) }
}
