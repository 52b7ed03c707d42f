/** All replicas of a table compared, and this region's put right, for operators. */
import { z } from 'zod'
import type { Item } from '../../core/attribute/value.ts'
import { readStamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { bodyOffset, isTombstone } from '../../core/item/row.ts'
import type { Table } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import type { AdminRoute } from '../../http/routes.ts'
import type { Replication } from '../../readers/replication/renewing.ts'
import { type Comparison, type Difference, NotComparable } from '../../readers/replication/compare/verify.ts'
import { BadRequest } from '../../process/requests/bad-request.ts'
import { shaped } from '../../process/requests/wrong-shape.ts'

const asked = z.object({ table: z.string() })

export function verifyRoutes(replication: Replication, engine: Engine): readonly AdminRoute[] {
  const tableOf = (body: unknown): Table => {
    const { table } = shaped(asked, body)
    const found = engine.tableNamed(table)
    if (found === undefined) throw new BadRequest(`no table ${table} here`)
    return found
  }
  return [
    {
      method: 'POST',
      path: '/admin/verify',
      answer: async ({ body }) => {
        const table = tableOf(body)
        return told(engine, table, await comparable(replication.compare(table)))
      },
    },
    {
      method: 'POST',
      path: '/admin/repair',
      answer: async ({ body }) => {
        const table = tableOf(body)
        const { comparison, mended, unknown, corrected } = await comparable(replication.repair(table))
        return { ...told(engine, table, comparison), mended, unknown, corrected }
      },
    },
  ]
}

async function comparable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof NotComparable ? new BadRequest(`cannot be compared now: ${error.message}`) : error
  }
}

function told(engine: Engine, table: Table, comparison: Comparison): object {
  const { watermark, watermarkAgeMs, replicas, rows, inMotion, differing, cut } = comparison
  return {
    table: table.name,
    region: engine.region.name,
    equal: differing.length === 0 && !cut,
    watermark,
    watermarkAgeMs,
    replicas,
    rows,
    inMotion,
    differing: differing.map((difference) => toldDifference(engine, table, difference, replicas)),
    cut,
  }
}

function toldDifference(engine: Engine, table: Table, { key, rows }: Difference, replicas: readonly string[]): object {
  const valid = [...rows.values()].find((row) => row !== undefined && engine.isRowOf(table.id, key, row))
  const item: Item | undefined = valid === undefined ? undefined : decodeItem(valid.subarray(bodyOffset(valid)))
  const names = [...table.key.partition, ...table.key.sort].map(({ name }) => name)
  return {
    key: item === undefined ? null : Object.fromEntries(names.map((name) => [name, item[name]])),
    keyBytes: key.toString('hex'),
    replicas: Object.fromEntries(replicas.map((region) => [region, toldRow(engine, table, key, rows.get(region))])),
  }
}

function toldRow(engine: Engine, table: Table, key: Buffer, row: Buffer | undefined): object {
  if (row === undefined) return { has: 'nothing' }
  if (!engine.isRowOf(table.id, key, row)) return { has: 'a damaged row' }
  return { has: isTombstone(row) ? 'a deleted item' : 'an item', stamp: readStamp(row, 1) }
}
