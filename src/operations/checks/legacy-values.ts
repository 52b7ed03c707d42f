/** The attribute values inside the parameters that came before expressions. */
import type { AttributeValue } from '../../core/attribute/value.ts'
import type { AttributeUpdates } from '../../core/expression/legacy/attribute-updates.ts'
import { checkTopName, checkValue } from '../../core/wire/attribute-values.ts'
import type { Layer } from '../../core/wire/validation-layers.ts'

type Compared = Readonly<
  Record<
    string,
    {
      readonly Value?: AttributeValue | undefined
      readonly AttributeValueList?: readonly AttributeValue[] | undefined
    }
  >
>

/** Of Expected, QueryFilter, ScanFilter and KeyConditions. */
export function checkComparedValues(compared: Compared | undefined, layer: Layer): void {
  for (const [name, { Value, AttributeValueList }] of Object.entries(compared ?? {})) {
    checkTopName(name)
    if (Value !== undefined) checkValue(Value, layer)
    for (const value of AttributeValueList ?? []) checkValue(value, layer)
  }
}

export function checkUpdateValues(updates: AttributeUpdates | undefined, layer: Layer): void {
  for (const [name, { Value }] of Object.entries(updates ?? {})) {
    checkTopName(name)
    if (Value !== undefined) checkValue(Value, layer)
  }
}
