/**
 * Which links are meant, as people write it: us-east-1..eu-west-1 is both directions between the two, us-east-1>eu-west-1 the
 * one in which bytes travel from the first to the second; * or all stands for every region, and alone for every link.
 */

export type Pair = { readonly from: string; readonly to: string }

/** Undefined when the text is none of these forms. */
export function selects(text: string): ((pair: Pair) => boolean) | undefined {
  const trimmed = text.trim()
  if (isAny(trimmed)) return () => true
  const [, one, how, other] = /^([a-z0-9*-]+)(\.\.|>)([a-z0-9*-]+)$/.exec(trimmed) ?? []
  if (one === undefined || other === undefined) return undefined
  const there = ({ from, to }: Pair): boolean => fits(one, from) && fits(other, to)
  return how === '>' ? there : ({ from, to }) => there({ from, to }) || there({ from: to, to: from })
}

const isAny = (text: string): boolean => text === '*' || text === 'all'
const fits = (wanted: string, name: string): boolean => isAny(wanted) || wanted === name
