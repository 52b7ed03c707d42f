/** Names that clients of local endpoints sign for: the region of the endpoint that is asked; at the front door, its first one. */
const ownRegionNames: ReadonlySet<string> = new Set(['local', 'localhost'])

export const isOwnRegion = (region: string): boolean => ownRegionNames.has(region)
