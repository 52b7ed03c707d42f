/**
 * Whether an endpoint serves a request that is signed for a region. A region that is alone serves every region's. In a deployment of several,
 * a request for another region came to the wrong endpoint, and the refusal names the right one, which is why the endpoint knows the others'.
 */

export type SignedRegions = {
  readonly own: string
  /** The regions of the deployment, this one included, as known now. */
  readonly all: () => readonly string[]
  /** Where clients reach a region; undefined where the endpoint was not told. */
  readonly endpointOf: (region: string) => string | undefined
  /** Regions whose requests a front door may bring. */
  readonly alsoFor: Pick<ReadonlySet<string>, 'has'>
}

/** Finds the endpoint of a region that a client names: no name finds what every object has. */
export function endpointIn(endpoints: Readonly<Record<string, string>>, region: string): string | undefined {
  return Object.hasOwn(endpoints, region) ? endpoints[region] : undefined
}

/** Names that clients of local endpoints sign for: the region of the endpoint that is asked; at the front door, its first one. */
const ownRegionNames: ReadonlySet<string> = new Set(['local', 'localhost'])

export const isOwnRegion = (region: string): boolean => ownRegionNames.has(region)

/** Returns what is wrong with a signature for the region, in AWS's words and with the way to go; empty when nothing is. */
export function regionProblem(named: string, { own, all, endpointOf, alsoFor }: SignedRegions): string {
  if (named === own || isOwnRegion(named) || alsoFor.has(named)) return ''
  const regions = all()
  if (regions.length < 2) return ''
  const endpoint = endpointOf(named)
  const way = endpoint === undefined ? '' : `, and ${named} is at ${endpoint}`
  const known = regions.includes(named) ? '' : `, and the regions of this deployment are ${regions.join(', ')}`
  return `Credential should be scoped to a valid region, not '${named}'. This is the endpoint of ${own}${way}${known}. `
}
