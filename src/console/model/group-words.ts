/** How a region takes part in a group with strong consistency, in words: `longitude status` and the console's page say the same. */

type Member = {
  readonly role: 'replica' | 'witness'
  readonly isKnown: boolean
  readonly leads: boolean
  readonly majority: boolean
  readonly behind?: number
  readonly refuses?: string
}

export function memberWords({ role, isKnown, leads, majority, behind, refuses }: Member) {
  if (!isKnown) return { order: 'does not answer', behind: '–', writes: 'not known' }
  return {
    order: majority ? (leads ? 'leads' : 'follows') : 'no majority',
    behind: behind === undefined ? '–' : `${behind} ${behind === 1 ? 'entry' : 'entries'}`,
    writes: role === 'witness' ? '–' : refuses === undefined ? 'taken' : `refused: ${refuses}`,
  }
}
