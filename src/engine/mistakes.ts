/**
 * Known ways to get this wrong, behind flags that only the simulator sets: its checkers must catch each of them, or they
 * have no teeth.
 *
 *   wall-clock      stamps come from the wall clock alone
 *   cursor-first    the cursor on a peer's log becomes durable before the changes that it covers
 *   no-tie-break    of equal clocks in two regions, what is here stays
 *   flushed-early   readers of the log are shown what is not durable yet
 *   tombstone-less  deletes leave no tombstone
 */
export type Mistake = 'wall-clock' | 'cursor-first' | 'no-tie-break' | 'flushed-early' | 'tombstone-less'

export type Mistakes = ReadonlySet<Mistake>

export const noMistakes: Mistakes = new Set()
