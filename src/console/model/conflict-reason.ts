/** Why one of two concurrent writes won. Pure. */
import { momentText } from './figure-text.ts'

type Stamp = { readonly wallMs: number; readonly counter: number; readonly region: number }
type Image = { readonly region: string; readonly stamp: Stamp; readonly kind: string }

export function reasonOf(won: Image, lost: Image): string {
  const [later, earlier] = [won.stamp, lost.stamp]
  const neither = 'Neither had seen the other.'
  if (later.wallMs !== earlier.wallMs) {
    const ms = later.wallMs - earlier.wallMs
    return `${neither} The ${won.kind} of ${won.region} is stamped ${ms} ms later: ${momentText(later.wallMs)}, against ${momentText(earlier.wallMs)}.`
  }
  if (later.counter !== earlier.counter)
    return `${neither} Both are stamped ${momentText(later.wallMs)}; the counter of ${won.region} is higher: ${later.counter}, against ${earlier.counter}.`
  return `${neither} Both have the same stamp, ${momentText(later.wallMs)} +${later.counter}; the number of ${won.region} is higher: ${later.region}, against ${earlier.region}.`
}

/** The same lost write is met in several regions. */
export function lostWrite({
  table,
  key,
  lost,
}: {
  readonly table: string
  readonly key: unknown
  readonly lost: Image
}): string {
  return JSON.stringify([table, key, lost.stamp.wallMs, lost.stamp.counter, lost.stamp.region])
}
