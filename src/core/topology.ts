/** The regions that know each other. Numbers break ties between equal clocks and are never used again. */
import type { RegionNumber } from './hybrid-logical-clock/stamp.ts'

export type Region = { readonly name: string; readonly number: RegionNumber }

/** `regions` changes while everything runs: whoever needs it reads it when it is needed. */
export type Topology = { readonly self: Region; readonly regions: readonly Region[] }

export function peersOf(topology: Topology): readonly Region[] {
  return topology.regions.filter((region) => region.name !== topology.self.name)
}
