/** What is kept of tables change by change equals what would be made of all of them. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tableChangesRememberedMax, tableChangesToldMax } from '../../../src/core/limits/limits.ts'
import type { Table } from '../../../src/core/table/table.ts'
import { CatalogVersion } from '../../../src/engine/tables/catalog-version.ts'
import { TableChanges } from '../../../src/engine/tables/table-changes.ts'
import { TableList } from '../../../src/engine/tables/table-list.ts'

const changes = fc.array(
  fc.record({ id: fc.integer({ min: 0, max: 9 }), name: fc.option(fc.integer({ min: 0, max: 4 })) }),
  { maxLength: 60 },
)

describe('the list of tables', () => {
  it('is sorted by name after every change, and the oldest of a name is found by it', () => {
    fc.assert(
      fc.property(changes, (made) => {
        const list = new TableList()
        const tables = new Map<string, Table>()
        for (const { id, name } of made) {
          const table = name === null ? undefined : ({ id: `${id}`, number: id, name: `t${name}` } as Table)
          list.put(`${id}`, table)
          if (table === undefined) tables.delete(`${id}`)
          else tables.set(table.id, table)
          const whole = new TableList()
          whole.load(tables.values())
          expect(list.all).toEqual(whole.all)
          for (const each of tables.values()) {
            const same = [...tables.values()].filter((other) => other.name === each.name)
            expect(list.named(each.name)?.number).toBe(Math.min(...same.map(({ number }) => number)))
            expect(list.withId(each.id)).toBe(each)
          }
          expect(list.named('none')).toBeUndefined()
        }
      }),
    )
  })
})

describe('a change of one table', () => {
  /** Names that are read while `act` runs: to sort, to search and to copy, tables are read. */
  function readsOf(tables: number, act: (list: TableList, changed: Table) => unknown): number {
    let reads = 0
    const tableOf = (n: number): Table =>
      Object.defineProperty({ id: `${n}`, number: n }, 'name', { get: () => (reads++, `t${n}`) }) as unknown as Table
    const list = new TableList()
    list.load(Array.from({ length: tables }, (_, n) => tableOf(n)))
    expect(list.all.length).toBe(tables)
    reads = 0
    act(list, tableOf(1))
    return reads
  }

  it('costs the same however many there are', () => {
    const put = (list: TableList, changed: Table): void => list.put('1', changed)
    expect(readsOf(10_000, put)).toBe(readsOf(10, put))
  })

  it('costs one pass over the list when all are looked at next, however many changed', () => {
    const putMany = (list: TableList, changed: Table): void => {
      for (let n = 0; n < 100; n++) list.put('1', changed)
      expect(list.all.length).toBe(1000)
    }
    expect(readsOf(1000, putMany)).toBeLessThan(8 * 1000)
  })
})

describe('changes of tables', () => {
  it('since a moment are all that came after it, or unknown', () => {
    const kept = new TableChanges()
    for (let n = 1; n <= 3 * tableChangesRememberedMax; n++) kept.add(`${n}`, n % 2 === 0)
    expect(kept.since(kept.count)).toEqual(new Set())
    expect(kept.since(kept.count - 3)).toEqual(new Set([kept.count - 2, kept.count - 1, kept.count].map(String)))
    expect(kept.since(0)).toBeUndefined()
    expect([kept.lastOf('4'), kept.lastOf('5')]).toEqual([4, 0])
  })

  it('that a worker reads are all since those it knows, whoever wrote the number in between', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: tableChangesToldMax + 5 }), { minLength: 1, maxLength: 90 })
    fc.assert(
      fc.property(sizes, fc.nat(90), (groups, back) => {
        const all: (readonly string[])[] = []
        let version = new CatalogVersion()
        for (const [at, size] of groups.entries()) {
          all.push(Array.from({ length: size }, (_, n) => `${at}-${n}`))
          version = CatalogVersion.from(version.next(all.at(-1) ?? []).encode())
        }
        const from = Math.max(0, groups.length - back)
        const since = version.since(from)
        expect(version.number).toBe(groups.length)
        if (since !== undefined) expect(since).toEqual(new Set(all.slice(from).flat()))
        const last = all.at(-1) ?? []
        if (last.length < tableChangesToldMax) expect(version.since(groups.length - 1)).toEqual(new Set(last))
      }),
    )
    const before = CatalogVersion.from(Buffer.from([0, 0, 0, 0, 0, 7]))
    expect(before.next(['a']).since(6)).toBeUndefined()
    expect(before.next(['a']).since(7)).toEqual(new Set(['a']))
  })
})
