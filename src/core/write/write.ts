/**
 * A write as data: what PutItem, batches, transactions, PartiQL, TTL, import and restore all come down to. Never a
 * closure, and it names its table by id, so it can be sent as bytes (write-codec.ts) and decided identically elsewhere.
 */
import type { Item } from '../attribute/value.ts'
import type { NewItem } from '../item/sent-item.ts'
import type { Condition } from '../expression/condition.ts'
import type { Update } from '../expression/update.ts'
import type { TableId } from '../table/table.ts'

type Common = {
  readonly table: TableId
  /** Primary key bytes (core/key), without the table's prefix. */
  readonly key: Buffer
  readonly keyAttributes: Item
  readonly condition?: Condition
  /** The failed condition's refusal carries the item as it is. */
  readonly returnItemOnRefusal?: boolean
}

export type Write =
  | (Common & { readonly kind: 'put'; readonly item: NewItem })
  | (Common & { readonly kind: 'update'; readonly update: Update })
  | (Common & { readonly kind: 'delete' })
  | (Common & { readonly kind: 'check'; readonly condition: Condition })

/** The item a write finds; parsed only if somebody looks inside. */
export type Current = {
  readonly sizeBytes: number
  item(): Item
}

/** The item a write leaves; `body` is its JSON where that is there already. */
export type Next = Current & { readonly body?: Buffer }

/** What an accepted write does to its item. `next` undefined: there is no item afterwards, or nothing changed. */
export type Outcome = {
  readonly previous: Current | undefined
  readonly next: Next | undefined
  /** False for a condition check, and for a delete or an update that only takes away of what was not there. */
  readonly changed: boolean
}

/** Why a write was not accepted: a returned value, since it is an everyday answer. */
export type Refusal = {
  readonly refused: 'condition' | 'validation' | 'item-size' | 'collection-size' | 'conflict'
  /** DynamoDB's message. */
  readonly message: string
  /** With returnItemOnRefusal, if there was one. */
  readonly item?: Item
}
