/**
 * The regions and the distances between them, from regions/. A region is a folder with its region.json; its number breaks
 * ties between equal clocks and is never given to another region, not even when the first is gone.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { regionsMax } from '../core/limits/limits.ts'
import type { Region } from '../core/topology.ts'
import { Failure } from '../process/failure.ts'
import { readJsonFile } from '../process/files/json-file.ts'

/** The same two levels up from src/deployment and from dist/cli. */
const regionsFolder = fileURLToPath(new URL('../../regions', import.meta.url))

const regionName = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'a name like us-east-1')
const regionFile = z.strictObject({
  name: regionName,
  number: z.int().min(1).max(0xffff),
  city: z.string(),
  /** Where its peers find its NATS server. */
  nats: z.string().min(1).optional(),
  /** Where clients find its API. */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
})
const latencyFile = z.strictObject({
  source: z.url(),
  measured: z.string(),
  unit: z.string(),
  roundTripMs: z.record(regionName, z.record(regionName, z.number().positive())),
})

/** A file of its own: version 0.1.0 refuses a region.json with members that it does not know. */
const coordinatesFile = z.strictObject({
  unit: z.string(),
  /** Latitude and longitude of each region's city. */
  places: z.record(regionName, z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)])),
})

export type RegionEntry = Region & {
  readonly city: string
  /** Where the city is on the map, in degrees; undefined where it is not known. */
  readonly latitude?: number | undefined
  readonly longitude?: number | undefined
  readonly nats?: string | undefined
  readonly endpoint?: string | undefined
}

export type Regions = {
  readonly all: readonly RegionEntry[]
  /** Throws a Failure that names the known regions. */
  named(name: string): RegionEntry
  /** Undefined where nobody has measured it. */
  roundTripMs(from: string, to: string): number | undefined
}

export function readRegions(folder: string = regionsFolder): Regions {
  const coordinates = join(folder, 'coordinates.json')
  const places = existsSync(coordinates) ? readJsonFile(coordinates, coordinatesFile).places : {}
  const all = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => ({ ...readRegion(folder, entry.name), ...placed(places[entry.name]) }))
    .toSorted((a, b) => a.number - b.number)
  if (all.length > regionsMax)
    throw new Failure(`${folder} has ${all.length} regions; at most ${regionsMax} can know each other`)
  refuseSharedNumbers(all)
  const distances = join(folder, 'latency.json')
  const {
    roundTripMs,
  }: Pick<z.output<typeof latencyFile>, 'roundTripMs'> = existsSync(distances)
    ? readJsonFile(distances, latencyFile)
    : { roundTripMs: {} }
  return {
    all,
    named: (name) => {
      const found = all.find((region) => region.name === name)
      if (found === undefined)
        throw new Failure(`no region ${name}; known are ${all.map((region) => region.name).join(', ')}`)
      return found
    },
    roundTripMs: (from, to) => (from === to ? 0 : (roundTripMs[from]?.[to] ?? roundTripMs[to]?.[from])),
  }
}

function readRegion(folder: string, name: string): RegionEntry {
  const region = readJsonFile(join(folder, name, 'region.json'), regionFile)
  if (region.name !== name)
    throw new Failure(`${join(folder, name, 'region.json')} is of another region, ${region.name}`)
  return region
}

function placed(place: readonly [number, number] | undefined): Pick<RegionEntry, 'latitude' | 'longitude'> {
  return place === undefined ? {} : { latitude: place[0], longitude: place[1] }
}

function refuseSharedNumbers(regions: readonly RegionEntry[]): void {
  for (const [index, region] of regions.entries()) {
    const other = regions[index + 1]
    if (other?.number === region.number)
      throw new Failure(`${region.name} and ${other.name} have the same number ${region.number}`)
  }
}
