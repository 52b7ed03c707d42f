/** Puts of items that copies bring: backups, imports and bulk puts. Their keys are known to be right. */
import type { Item } from '../attribute/value.ts'
import { decodeItem } from '../item/item-bytes.ts'
import { type NewItem, parsedItem, SentItem } from '../item/sent-item.ts'
import { encodePrimaryKey, keyAttributesOf } from '../key/primary-key.ts'
import type { KeySchema, Table } from '../table/table.ts'
import type { Write } from './write.ts'

export type PutWrite = Extract<Write, { readonly kind: 'put' }>

/** `alone`: its key attributes, where the caller has them. */
export function putOf({ id, key }: Pick<Table, 'id' | 'key'>, item: NewItem, alone?: Item): PutWrite {
  return { kind: 'put', table: id, ...keyOfCopied(key, item, alone), item }
}

export function keyOfCopied(
  key: KeySchema,
  item: NewItem,
  alone = keyAttributesAlone(key, item),
): { readonly key: Buffer; readonly keyAttributes: Item } {
  const found = alone ?? parsedItem(item)
  return { key: encodePrimaryKey(key, found), keyAttributes: alone ?? keyAttributesOf(key, found) }
}

/** Without parsing the rest of the item; undefined where that cannot be done. */
export function keyAttributesAlone(key: KeySchema, item: NewItem): Item | undefined {
  return item instanceof SentItem ? item.keyBy(key) : undefined
}

/** The item of a row's body, parsed only if somebody looks inside. */
export function itemOfBody(body: Buffer): NewItem {
  const sent = SentItem.at(body, 0)
  return sent === undefined || sent.to !== body.length ? decodeItem(body) : sent
}
