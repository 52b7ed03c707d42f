import { describe, expect, it } from 'vitest'
import { newIdentity, ownLabel } from '../../../src/core/table/table-identity.ts'
import { owedRegisters } from '../../../src/core/table/owed-registers.ts'
import { tableFrom } from '../../../src/core/table/table-view.ts'

const key = { partition: [{ name: 'pk', type: 'S' }], sort: [] }
const definition = { name: 'T', createdMs: 1000, key, attributes: [{ name: 'pk', type: 'S' }] }
const status = (now: string) => ({ status: now, sinceMs: 1 })
const place = { table: 'id', region: 'eu-west-1', nowMs: 5000, moment: '1.0' }
const owedIdentity = (registers: Record<string, unknown>) =>
  new Map(owedRegisters(new Map(Object.entries({ definition, ...registers })), place).edits).get('identity/eu-west-1')

const served = { 'replica/eu-west-1': { status: 'ACTIVE' }, 'local/status': status('ACTIVE') }
const coming = { 'replica/eu-west-1': { status: 'CREATING' }, 'local/status': status('CREATING') }

describe('the identity that a region gives its replica', () => {
  it('is what it was for a table that gets its first replica, and for a replica of an older version', () => {
    expect(owedIdentity(served)).toEqual({ tableId: 'id', createdMs: 1000 })
  })

  it('is new for a replica that begins, and tells its table and time', () => {
    const own = owedIdentity(coming) as { tableId: string; createdMs: number }
    expect(own.createdMs).toBe(5000)
    expect(own.tableId).not.toBe('id')
    expect(
      newIdentity(new Map(Object.entries({ definition, ...coming })), { ...place, table: 'other' })?.tableId,
    ).not.toBe(own.tableId)
  })

  it('stays as it is, also when the region learns of it from others after its disk was lost', () => {
    expect(owedIdentity({ ...coming, 'identity/eu-west-1': { tableId: 'before', createdMs: 2 } })).toBeUndefined()
  })

  it('is none for a table of one region, and none before the table is here', () => {
    expect(owedIdentity({ 'local/status': status('ACTIVE') })).toBeUndefined()
    expect(owedIdentity({ 'replica/eu-west-1': { status: 'CREATING' } })).toBeUndefined()
  })

  it('is younger than those before it by a clock that is behind, but follows no clock for more than a minute', () => {
    const other = (createdMs: number) => owedIdentity({ ...coming, 'identity/us-east-1': { tableId: 'a', createdMs } })
    expect(other(7000)).toMatchObject({ createdMs: 7001 })
    expect(other(9_000_000)).toMatchObject({ createdMs: 65_000 })
  })
})

describe('a table with identities', () => {
  const seen = (registers: Record<string, unknown>) =>
    tableFrom('id', 1, 'eu-west-1', new Map(Object.entries({ definition, ...served, ...registers })))
  const own = { 'identity/eu-west-1': { tableId: 'eu', createdMs: 5000, streamOf: 'first' } }

  it('has a stream that began with the replica, until there is another one', () => {
    expect(ownLabel('first', seen(own)?.identity)).toBe('1970-01-01T00:00:05.000')
    expect(ownLabel('second', seen(own)?.identity)).toBe('second')
  })

  it('lists replicas by their age: those of an older version first, one that has not begun last', () => {
    const replicas = {
      ...own,
      'replica/a': { status: 'CREATING' },
      'replica/b': { status: 'ACTIVE' },
      'identity/b': { tableId: 'b', createdMs: 6000 },
      'replica/z': { status: 'ACTIVE' },
    }
    expect(seen(replicas)?.replicas.map(({ region }) => region)).toEqual(['z', 'eu-west-1', 'b', 'a'])
  })
})
