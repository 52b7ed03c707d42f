/** Pauses of tables and links: from when until when they hold, and what a restart leaves of them. */
import { beforeEach, describe, expect, it } from 'vitest'
import { pausesMax } from '../../../../../src/core/limits/limits.ts'
import { Pauses } from '../../../../../src/readers/replication/pause/pauses.ts'
import { openRegion, type TestRegion } from '../../../engine/region.ts'
import { differs } from '../../../../differences/difference.ts'

let region: TestRegion
let pauses: Pauses
const again = (): Pauses => new Pauses({ engine: region.engine, clock: region.clock, log: region.env.log })

beforeEach(async () => {
  region = await openRegion('us-east-1')
  pauses = again()
})

describe('a pause', () => {
  it('of a table holds until its moment, and concerns no other table', async () => {
    expect(await pauses.pause({ table: 't' }, 1000)).toBe(true)
    expect([pauses.ofTable('t'), pauses.ofTable('u')]).toEqual([region.clock.wall + 1000, 0])
    region.clock.wall += 999
    expect(pauses.active().length).toBe(1)
    region.clock.wall += 1
    expect([pauses.ofTable('t'), pauses.active().length]).toEqual([0, 0])
  })

  it(differs('pauses-by-an-operator'), async () => {
    await pauses.pause({ link: ['us-east-1', 'eu-west-1'] }, 1000)
    const untilMs = region.clock.wall + 1000
    expect(pauses.ofLink('us-east-1', 'eu-west-1')).toBe(untilMs)
    expect(pauses.ofLink('eu-west-1', 'us-east-1')).toBe(untilMs)
    expect(pauses.ofLink('us-east-1', 'ap-northeast-1')).toBe(0)
  })

  it('takes the place of an earlier one of the same, also a shorter one', async () => {
    await pauses.pause({ link: ['us-east-1', 'eu-west-1'] }, 60_000)
    await pauses.pause({ link: ['eu-west-1', 'us-east-1'] }, 1000)
    expect(pauses.active()).toEqual([{ link: ['eu-west-1', 'us-east-1'], untilMs: region.clock.wall + 1000 }])
  })

  it('ends when it is resumed, which says whether there was one', async () => {
    await pauses.pause({ table: 't' }, 1000)
    expect(await pauses.resume({ table: 'u' })).toBe(false)
    expect(await pauses.resume({ table: 't' })).toBe(true)
    expect(await pauses.resume({ table: 't' })).toBe(false)
    expect(pauses.active()).toEqual([])
  })

  it('holds in the next process on the same store, and one that is over leaves nothing there', async () => {
    await pauses.pause({ table: 't' }, 1000)
    await pauses.pause({ table: 'u' }, 5000)
    expect(again().active()).toEqual(pauses.active())
    region.clock.wall += 2000
    await pauses.pause({ table: 'v' }, 5000)
    const tables = again()
      .active()
      .map((pause) => 'table' in pause && pause.table)
    expect(tables).toEqual(['u', 'v'])
    for (const table of ['u', 'v']) await pauses.resume({ table })
    expect(region.engine.note('replication/pauses')).toBeUndefined()
  })

  it('is refused beyond the most that a region keeps, and taken again once one is over', async () => {
    for (let n = 0; n < pausesMax; n++) expect(await pauses.pause({ table: `t${n}` }, 1000)).toBe(true)
    expect(await pauses.pause({ table: 'more' }, 1000)).toBe(false)
    expect(await pauses.pause({ table: 't0' }, 2000)).toBe(true)
    region.clock.wall += 1000
    expect(await pauses.pause({ table: 'more' }, 1000)).toBe(true)
  })

  it('is told to listeners once it is durable', async () => {
    const seen: number[] = []
    pauses.onChange(() => seen.push(again().active().length))
    await pauses.pause({ table: 't' }, 1000)
    await pauses.resume({ table: 't' })
    expect(seen).toEqual([1, 0])
  })
})
