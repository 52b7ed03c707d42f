/** Lays faults on links and takes them away. */
import type { LinkChange } from '../../model/told-commands.ts'
import { call } from '../console-api.ts'

/** A text that is empty is none. */
export function changeOf(links: readonly string[], given: Omit<LinkChange, 'links'>): LinkChange {
  const entries = Object.entries(given).filter(([, value]) => value !== '' && value !== undefined)
  return { links, ...Object.fromEntries(entries) }
}

export async function lay(change: LinkChange): Promise<void> {
  await call('setLinks', { ...change, links: [...change.links] })
}

export async function heal(links: readonly string[]): Promise<void> {
  await call('heal', { links: [...links] })
}
