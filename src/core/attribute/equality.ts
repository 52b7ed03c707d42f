/** Equality as `=`, `IN` and `contains` see it: same type and same value, sets without regard to order. */
import { equalOnce, largeMembersMin, memberCount, membersOf } from './large-values.ts'
import { attribute, type AttributeValue, type Item } from './value.ts'

export function equalValues(a: AttributeValue, b: AttributeValue): boolean {
  if ('S' in a) return 'S' in b && a.S === b.S
  if ('N' in a) return 'N' in b && a.N === b.N
  if ('B' in a) return 'B' in b && a.B === b.B
  if ('BOOL' in a) return 'BOOL' in b && a.BOOL === b.BOOL
  if ('NULL' in a) return 'NULL' in b
  if ('M' in a) return 'M' in b && equalItems(a.M, b.M)
  if ('L' in a) return 'L' in b && equalLists(a.L, b.L)
  if ('SS' in a) return 'SS' in b && equalSets(a.SS, b.SS)
  if ('NS' in a) return 'NS' in b && equalSets(a.NS, b.NS)
  return 'BS' in b && equalSets(a.BS, b.BS)
}

export function equalItems(a: Item, b: Item): boolean {
  const count = memberCount(a)
  if (count !== memberCount(b)) return false
  const compare = (): boolean =>
    Object.keys(a).every((name) => {
      const left = attribute(a, name)
      const right = attribute(b, name)
      return left !== undefined && right !== undefined && equalValues(left, right)
    })
  return count < largeMembersMin ? compare() : equalOnce(a, b, compare)
}

function equalLists(a: readonly AttributeValue[], b: readonly AttributeValue[]): boolean {
  if (a.length !== b.length) return false
  const compare = (): boolean =>
    a.every((element, n) => {
      const other = b[n]
      return other !== undefined && equalValues(element, other)
    })
  return a.length < largeMembersMin ? compare() : equalOnce(a, b, compare)
}

/** Sets hold no duplicates and their elements are canonical text, so they are compared as strings. */
function equalSets(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  if (a.length < largeMembersMin) return a.every((element) => b.includes(element))
  return equalOnce(a, b, () => {
    const members = membersOf(b)
    return a.every((element) => members.has(element))
  })
}
