/** A document path: an attribute's name, then map keys (strings) and list indexes (numbers). Placeholders are resolved already. */
export type Path = readonly [string, ...(string | number)[]]
