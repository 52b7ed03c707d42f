/**
 * The Attributes of a reply. UPDATED_OLD and UPDATED_NEW show what the update's paths lead to, before and after: of a
 * map or list only those members. undefined where there is nothing to show: the reply has no Attributes then.
 */
import { unreachable } from '../assert.ts'
import type { Item } from '../attribute/value.ts'
import type { Update } from '../expression/update.ts'
import { projectItem } from '../item/project.ts'
import type { Outcome } from './write.ts'

export type ReturnValues = 'NONE' | 'ALL_OLD' | 'UPDATED_OLD' | 'ALL_NEW' | 'UPDATED_NEW'

export function returnedAttributes(kind: ReturnValues, outcome: Outcome, update?: Update): Item | undefined {
  switch (kind) {
    case 'NONE':
      return undefined
    case 'ALL_OLD':
      return outcome.previous?.item()
    case 'ALL_NEW':
      return outcome.next?.item()
    case 'UPDATED_OLD':
      return updatedPart(outcome.previous?.item(), update)
    case 'UPDATED_NEW':
      return updatedPart(outcome.next?.item(), update)
    default:
      return unreachable(kind)
  }
}

function updatedPart(item: Item | undefined, update: Update | undefined): Item | undefined {
  if (item === undefined || update === undefined) return undefined
  const part = projectItem(
    item,
    update.actions.map((action) => action.path),
  )
  return Object.keys(part).length === 0 ? undefined : part
}
