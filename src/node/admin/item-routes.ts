/** Rows of a table as this region has them, for operators: who wrote each, and when. The console compares the regions by it. */
import { z } from 'zod'
import type { Item } from '../../core/attribute/value.ts'
import { itemKeysShownMax } from '../../core/limits/console-limits.ts'
import { ServiceError } from '../../core/errors.ts'
import { everyRegion, readStamp, type Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { bodyOffset, decodeRow, isTombstone } from '../../core/item/row.ts'
import type { Table } from '../../core/table/table.ts'
import type { Topology } from '../../core/topology.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import type { Engine } from '../../engine/engine.ts'
import type { AdminRoute } from '../../http/routes.ts'
import { keyOfKey } from '../../operations/items/item-key.ts'
import { BadRequest } from '../../process/requests/bad-request.ts'
import { shaped } from '../../process/requests/wrong-shape.ts'

const asked = z.strictObject({
  table: z.string().min(1),
  keys: z.array(z.record(z.string(), z.record(z.string(), z.unknown()))).max(itemKeysShownMax),
})

type Written = Stamp & { readonly by: string }
type ShownRow =
  | { readonly has: 'nothing' }
  | {
      readonly has: 'an item' | 'a deleted item'
      readonly written: Written
      /** What that write had seen of other regions. */
      readonly seen: readonly Written[]
      readonly item?: Item
      readonly sizeBytes?: number
    }

export function itemRoutes(engine: Engine, topology: Topology): readonly AdminRoute[] {
  return [
    {
      method: 'POST',
      path: '/admin/items',
      answer: ({ body }) => {
        const { table: name, keys } = shaped(asked, body)
        const table = engine.tableNamed(name)
        if (table === undefined) throw new BadRequest(`no table ${name} here`)
        return { table: name, region: topology.self.name, rows: keys.map((key) => shownRow(key as Item)) }

        function shownRow(key: Item): ShownRow {
          const bytes = keyBytes(table as Table, key)
          return shown(rowAt(engine, table as Table, bytes), topology)
        }
      },
    },
  ]
}

function keyBytes(table: Table, key: Item): Buffer {
  try {
    checkValues(key, 'newer')
    return keyOfKey(table, key).key
  } catch (error) {
    throw error instanceof ServiceError ? new BadRequest(error.message) : error
  }
}

/** Longer than what can stand between a key and the one before it, but in binary keys; there a deleted item may look like none. */
const ending = Buffer.alloc(16, 0xff)

/** Also of a deleted item. */
function rowAt(engine: Engine, table: Table, key: Buffer): Buffer | undefined {
  const row = engine.get(table, key)
  if (row !== undefined) return row
  const last = key.at(-1) ?? 0
  const start = key.subarray(0, -1)
  const before = last === 0 ? start : Buffer.concat([start, Buffer.of(last - 1), ending])
  const [found] = engine.rows(table.id, before, 1, 1)
  return found?.key.equals(key) === true ? found.row : undefined
}

function shown(row: Buffer | undefined, topology: Topology): ShownRow {
  if (row === undefined) return { has: 'nothing' }
  const { seen, itemSizeBytes } = decodeRow(row)
  const about = { written: writtenBy(readStamp(row, 1), topology), seen: seen.map((each) => writtenBy(each, topology)) }
  if (isTombstone(row)) return { has: 'a deleted item', ...about }
  return { has: 'an item', ...about, item: decodeItem(row.subarray(bodyOffset(row))), sizeBytes: itemSizeBytes }
}

/** A region that has left is known by its number only. */
function writtenBy(stamp: Stamp, { regions }: Topology): Written {
  if (stamp.region === everyRegion) return { ...stamp, by: 'every region' }
  return { ...stamp, by: regions.find(({ number }) => number === stamp.region)?.name ?? `region ${stamp.region}` }
}
