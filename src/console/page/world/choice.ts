/** What is chosen on the World page. */
import { signal } from '@preact/signals'

export type Chosen = { readonly from: string; readonly to: string }

/** The direction whose dialog is open. */
export const chosen = signal<Chosen | undefined>(undefined)
/** How long what is dragged or clicked lasts; empty: until healed. */
export const lasts = signal('5m')

export const durations = [
  ['30s', '30 seconds'],
  ['5m', '5 minutes'],
  ['1h', 'an hour'],
  ['', 'until healed'],
] as const
