/** A small table for tests of writes. */
import type { Index, KeyType, Projection, Table } from '../../../src/core/table/table.ts'

export type IndexOf = {
  readonly index: string
  readonly attribute: string
  readonly type: KeyType
  readonly projection?: Projection
}

export function table(...indexes: readonly IndexOf[]): Table {
  return {
    id: 'table-id',
    number: 1,
    name: 'Things',
    createdMs: 0,
    status: 'ACTIVE',
    key: { partition: [{ name: 'pk', type: 'S' }], sort: [] },
    attributes: [{ name: 'pk', type: 'S' }],
    indexes: indexes.map(indexOf),
    settings: { billingMode: 'PAY_PER_REQUEST', deletionProtection: false, tags: {} },
    replicas: [],
  }
}

function indexOf(given: IndexOf, position: number): Index {
  return {
    id: `${given.index}-id`,
    name: given.index,
    kind: 'global',
    number: position + 1,
    key: { partition: [{ name: given.attribute, type: given.type }], sort: [] },
    projection: given.projection ?? { type: 'ALL' },
    status: 'ACTIVE',
    backfilling: false,
    settings: {},
  }
}
