/** Joins texts for a message, as Java prints a collection, and stops where a message is cut: it costs no more than what is shown. */
import { shownTextMax } from './limits/limits.ts'

export function shownList(texts: Iterable<string | null>): string {
  let page = ''
  for (const text of texts) {
    page += page === '' ? String(text) : `, ${text}`
    if (page.length > shownTextMax) return `${page.slice(0, shownTextMax)}...`
  }
  return page
}
