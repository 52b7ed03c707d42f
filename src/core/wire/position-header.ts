/**
 * Places in the logs of regions, as clients carry them from one region to another (docs/coding/position.md):
 *
 *   x-longitude-position: us-east-1:a40c06a2-961a-439d-92df-a855789bf17b:28     of a write, when the request has such a header
 *   x-longitude-after: the same, or several with commas between them            the request is served once they are applied
 *   x-longitude-within: 2000                                                    milliseconds that it waits for that
 */
import type { Position } from '../change/change.ts'
import { positionWaitMsMax, positionWaitMsUsual, positionsAwaitedMax } from '../limits/wire-limits.ts'

export const positionHeader = 'x-longitude-position'
export const afterHeader = 'x-longitude-after'
export const withinHeader = 'x-longitude-within'

export type PlaceInLog = { readonly region: string; readonly epoch: string; readonly position: Position }

export const positionText = ({ region, epoch, position }: PlaceInLog): string => `${region}:${epoch}:${position}`

const form = /^([a-z0-9-]{1,64}):([A-Za-z0-9-]{1,64}):(\d{1,15})$/

/** Undefined when it is not of that form, or too many. */
export function placesIn(text: string): readonly PlaceInLog[] | undefined {
  const places: PlaceInLog[] = []
  for (const part of text.split(',')) {
    const [, region, epoch, position] = form.exec(part.trim()) ?? []
    if (region === undefined || epoch === undefined || places.length >= positionsAwaitedMax) return undefined
    places.push({ region, epoch, position: Number(position) })
  }
  return places
}

/** Undefined when it is no time, or too long. */
export function waitMsIn(text: string | undefined): number | undefined {
  if (text === undefined) return positionWaitMsUsual
  const ms = /^\d{1,6}$/.test(text) ? Number(text) : Infinity
  return ms <= positionWaitMsMax ? ms : undefined
}
