import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRegisterValue } from '../../../src/core/table/register-value.ts'
import { isLocalRegister } from '../../../src/core/table/registers.ts'
import { owedRegisters } from '../../../src/core/table/owed-registers.ts'
import { tableFrom } from '../../../src/core/table/table-view.ts'

const key = { partition: [{ name: 'pk', type: 'S' }], sort: [] }
const good: Readonly<Record<string, unknown>> = {
  definition: { name: 'T', createdMs: 1, key, attributes: [{ name: 'pk', type: 'S' }] },
  'replica/eu-west-1': { status: 'ACTIVE' },
  'replica/us-east-1': { status: 'ACTIVE' },
  'identity/us-east-1': { tableId: 'id', createdMs: 1 },
  'leave/eu-west-1': { by: 'us-east-1', askedMs: 1, heard: '1.0' },
  'keeper/eu-west-1': { by: 'us-east-1', of: '1.0' },
  'index/by-color': { id: 'one', kind: 'global', key, projection: { type: 'ALL' }, settings: {} },
  'settings/capacity': { billingMode: 'PAY_PER_REQUEST' },
  'settings/table-class': 'STANDARD',
  'settings/stream': { enabled: true, viewType: 'KEYS_ONLY', label: 'x' },
  'settings/encryption': { type: 'KMS', status: 'ENABLED' },
  'settings/time-to-live': { attribute: 'expires', enabled: true },
  'scaling/eu-west-1': {
    'write/by-color': {
      id: 'a',
      min: 1,
      max: 9,
      createdMs: 1,
      suspended: { in: true },
      policy: { name: 'p', id: 'b', createdMs: 1, target: 70, outCooldownSeconds: 60 },
      unbounded: '',
    },
  },
  'demand/eu-west-1': { write: 5 },
  'settings/changes': { tableClass: [1, 2], encryption: [1], timeToLive: 1, warm: 1 },
}

describe('what a peer may send as a register', () => {
  it('is any value that a region writes', () => {
    for (const [register, value] of Object.entries(good))
      expect([register, isRegisterValue(register, value)]).toEqual([register, true])
  })

  it('includes the removal of a replica or a setting, but not of the definition or an index', () => {
    expect(isRegisterValue('replica/eu-west-1', undefined)).toBe(true)
    expect(isRegisterValue('settings/time-to-live', undefined)).toBe(true)
    expect(isRegisterValue('definition', undefined)).toBe(false)
    expect(isRegisterValue('index/by-color', undefined)).toBe(false)
  })

  it('is no identity whose time has no date, or whose texts are long', () => {
    for (const wrong of [{ createdMs: 8.64e15 }, { createdMs: -1 }, { tableId: 'x'.repeat(101) }, { streamOf: 1 }])
      expect(isRegisterValue('identity/eu-west-1', { tableId: 'id', createdMs: 1, ...wrong })).toBe(false)
  })

  it('is no scaling of what is no part of a table, or with figures that are none', () => {
    const target = { id: 'a', min: 1, max: 9, createdMs: 1 }
    expect(isRegisterValue('scaling/eu-west-1', { read: target })).toBe(true)
    for (const wrong of [{ reads: target }, { read: { ...target, min: '1' } }, { read: { ...target, policy: {} } }])
      expect(isRegisterValue('scaling/eu-west-1', wrong)).toBe(false)
    for (const wrong of [{ write: -1 }, { write: 1.5 }, { 'write/': 1 }, [1]])
      expect(isRegisterValue('demand/eu-west-1', wrong)).toBe(false)
  })

  it('may be a setting of a newer version', () => {
    expect(isRegisterValue('settings/of-the-future', { any: 'thing' })).toBe(true)
  })

  it('lets the table be seen whatever values are let through', () => {
    const register = fc.constantFrom(...Object.keys(good))
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(good)))
    fc.assert(
      fc.property(fc.array(fc.tuple(register, value), { maxLength: 12 }), (edits) => {
        const registers = new Map<string, unknown>(Object.entries(good))
        for (const [name, edited] of edits) if (isRegisterValue(name, edited)) registers.set(name, edited)
        const place = { table: 'id', region: 'eu-west-1', nowMs: 1, moment: '1.0' }
        for (const [name, owed] of owedRegisters(registers, place).edits) registers.set(name, owed)
        registers.set('local/status', { status: 'ACTIVE', sinceMs: 1 })
        expect(tableFrom('id', 1, 'eu-west-1', registers)?.replicas).toBeDefined()
        expect([...registers.keys()].filter(isLocalRegister).length).toBeGreaterThan(0)
      }),
      { numRuns: 300 },
    )
  })
})
