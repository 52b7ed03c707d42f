import { describe, expect, it } from 'vitest'
import { markdownOf } from '../../../src/drills/report/markdown.ts'
import { pageOf } from '../../../src/drills/report/page.ts'
import { parseDrill } from '../../../src/drills/definition/parse.ts'
import type { EffectsRecord, Proof, Recorded } from '../../../src/drills/definition/record.ts'
import { type Report, reportOf } from '../../../src/drills/report/report.ts'
import { conflict, fault, operation } from './operations.ts'

const drillText = `name: mine
title: Mine <script>alert(1)</script>
regions: [a, b]
targets:
  rto: 2s
  rpo: { items: 1, age: 1s }
  exposure: { items: 100 }
  availability: 90%
  convergence: 10s
steps:
  - kill: a
`

const proof: Proof = {
  askedOf: 'a',
  atMs: 9000,
  equal: true,
  watermark: { wallMs: 8000, counter: 1 },
  rows: 2,
  inMotion: 0,
  replicas: ['a', 'b'],
  differing: 0,
}

const peers = [{ peer: 'b', outbound: 'live', pending: 5, lagMs: 40, held: 0, safeToEvacuate: false }]

function recorded(more: Partial<Recorded> = {}): Recorded {
  const operations = [
    operation(1000),
    operation(2000, { key: 'shared-1', value: 'lost | one', shared: true }),
    operation(2000, { key: 'shared-1', value: 'won', shared: true, home: 'b', client: 'two' }),
    operation(3000, { home: 'b', client: 'two', kind: 'read' }),
  ]
  return {
    startedMs: 0,
    loadStartedMs: 500,
    loadEndedMs: 8000,
    endedMs: 10_000,
    operations,
    samples: [{ region: 'a', atMs: 100, state: 'ready', peers }],
    sampleEveryMs: 100,
    steps: [{ step: 1, line: 11, text: 'kill: a', startedMs: 2500, endedMs: 2600, outcome: 'done' }],
    faults: [fault(2500, 6000)],
    conflicts: [conflict('shared-1', 'lost | one', 'won')],
    surveys: [{ region: 'a', faultMs: 2500, atMs: 6000, holders: { b: ['item-1000'] } }],
    proofs: [proof],
    convergedMs: 1000,
    finals: {
      a: { 'item-1000': 'value-1000', 'shared-1': 'won' },
      b: { 'item-1000': 'value-1000', 'shared-1': 'won' },
    },
    stalls: [],
    problems: [],
    ...more,
  }
}

const handled = [
  { region: 'a', eventId: 'e1', key: 'item-1000', atMs: 1100 },
  { region: 'a', eventId: 'e2', key: 'shared-1', atMs: 2100 },
]
const effects: EffectsRecord = {
  regions: ['a'],
  handled,
  streamed: handled.map(({ region, eventId, key }) => ({ region, eventId, key })),
}

function report(more: Partial<Recorded> = {}): Report {
  return reportOf(parseDrill(drillText, 'mine.yaml'), recorded(more), {
    version: '0',
    target: 'nothing real',
    seed: 1,
    regions: ['a', 'b'],
    roles: {},
    understudies: {},
    definition: drillText,
    host: 'no machine',
    pace: 1,
  })
}

function notMet(more: Partial<Recorded>): string[] {
  const { outcome, verdicts } = report(more)
  const failed = verdicts.filter(({ pass }) => !pass).map(({ target }) => target)
  expect(outcome).toBe(failed.length === 0 ? 'pass' : 'fail')
  return failed
}

describe('a drill', () => {
  it('passes when everything is as wanted', () => {
    expect(notMet({})).toEqual([])
  })

  it.each<[string, Partial<Recorded>, string[]]>([
    [
      'a step failed',
      { steps: [{ step: 1, line: 1, text: 'x', startedMs: 0, endedMs: 1, outcome: 'failed' }] },
      ['steps'],
    ],
    ['no step was taken', { steps: [] }, ['steps']],
    ['a write is missing', { finals: { a: {}, b: {} } }, ['acknowledged writes lost']],
    ['nobody proves that the regions agree', { proofs: [] }, ['all replicas equal']],
    [
      'one region says that they differ',
      { proofs: [proof, { ...proof, equal: false, differing: 2 }] },
      ['all replicas equal'],
    ],
    ['they agree too late', { convergedMs: 11_000 }, ['all replicas equal']],
    ['something is left broken', { problems: ['a is still down'] }, ['everything restored']],
    ['the RPO was wanted and nothing was measured', { surveys: [] }, ['RPO in items', 'RPO in seconds']],
    [
      'too much would have been lost',
      { surveys: [{ region: 'a', faultMs: 2500, atMs: 6000, holders: {} }] },
      ['RPO in seconds'],
    ],
    ['nobody told what was on its way', { samples: [] }, ['most pending between two regions']],
    ['there was no load', { operations: [], conflicts: [] }, ['acknowledged writes lost']],
  ])('fails when %s', (_, more, targets) => {
    expect(notMet(more)).toEqual(targets)
  })

  it.each<[string, Partial<EffectsRecord>, string[]]>([
    ['nothing when each was made', {}, []],
    ['nothing when some were made again', { handled: [...handled, ...handled] }, []],
    ['a record that was never handled', { handled: handled.slice(1) }, ['side effects never made']],
    ['a trigger whose stream had nothing', { handled: [], streamed: [] }, ['side effects never made']],
  ])('with a trigger tells %s', (_, more, targets) => {
    expect(notMet({ effects: { ...effects, ...more } })).toEqual(targets)
  })

  it('counts side effects that were made once, more than once and never, beside the writes that have none', () => {
    const [first] = handled
    const streamed = [...effects.streamed, { region: 'a', eventId: 'e3', key: 'item-3' }]
    const told = report({ effects: { ...effects, streamed, handled: first === undefined ? [] : [first, first] } })
    expect(told.effects).toEqual([
      {
        region: 'a',
        records: 3,
        once: 0,
        more: 1,
        most: 2,
        never: 2,
        writesWithout: 0,
        items: ['shared-1', 'item-3'],
      },
    ])
    expect(markdownOf(told)).toContain('| a | 3 | 0 | 1 | 2 times | 2 | 0 | shared-1, item-3 |')
    expect(pageOf(told)).toContain('What triggers did')
  })

  it('with a trigger in a region whose stream was lost misses the writes of which nothing was made', () => {
    const lost = handled.filter(({ key }) => key === 'shared-1')
    expect(notMet({ effects: { regions: ['a'], handled: lost, streamed: lost } })).toEqual(['side effects never made'])
  })

  it('tells a write that lost with its reason, its winner and both stamps', () => {
    expect(report().fates.losses).toMatchObject([{ value: 'lost | one', reason: 'last writer wins', beatenBy: 'won' }])
  })
})

describe('what is shown', () => {
  it('takes nothing from a drill file or an item for markup', () => {
    const page = pageOf(report())
    expect(page).not.toContain('<script')
    expect(page).toContain('Mine &lt;script&gt;alert(1)&lt;/script&gt;')
    expect(markdownOf(report()).split('```yaml')[0]).not.toContain('<script')
    expect(markdownOf(report())).toContain('lost \\| one')
  })

  it('asks for nothing from elsewhere', () => {
    expect(pageOf(report())).not.toMatch(/(src|href)=|@import|url\(/)
  })

  it('is the same when it is made again from the JSON', () => {
    const first = report()
    const again = JSON.parse(JSON.stringify(first)) as Report
    expect(pageOf(again)).toBe(pageOf(first))
    expect(markdownOf(again)).toBe(markdownOf(first))
  })
})
