/** What size() answers: characters, bytes or members. Numbers, booleans and nulls have no size. */
import { binarySizeBytes } from '../../attribute/size.ts'
import { memberCount } from '../../attribute/large-values.ts'
import type { AttributeValue } from '../../attribute/value.ts'

export function sizeFunction(value: AttributeValue): number | undefined {
  if ('S' in value) return value.S.length
  if ('B' in value) return binarySizeBytes(value.B)
  if ('M' in value) return memberCount(value.M)
  if ('L' in value) return value.L.length
  if ('SS' in value) return value.SS.length
  if ('NS' in value) return value.NS.length
  if ('BS' in value) return value.BS.length
  return undefined
}
