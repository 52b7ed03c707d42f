/**
 * The name of one opening of a region's store. In a region of several nodes it carries the term of the node that leads: terms are ordered by the
 * quorum stream, so that the order of two openings is known without having heard both for a while (readers/replication/prove/voices.ts).
 */
export function startName(id: string, term: number | undefined): string {
  return term === undefined ? id : `t${term}.${id}`
}

/** Undefined for the start of a region of one node. */
export function termOf(start: string): number | undefined {
  const digits = /^t(\d{1,15})\./.exec(start)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
