import { describe, expect, it } from 'vitest'
import { figuresOf, loadText } from '../../../src/drills/report/figures.ts'
import { junitOf } from '../../../src/drills/report/forms/junit.ts'
import { type Run, runOf, trendHead, trendRow, trendsPage } from '../../../src/drills/report/forms/trends.ts'
import { markdownOf } from '../../../src/drills/report/forms/markdown.ts'
import { pageOf } from '../../../src/drills/report/forms/report-page.ts'
import { parseDrill } from '../../../src/drills/definition/parse-drill.ts'
import type { EffectsRecord, Proof, Recorded } from '../../../src/drills/definition/drill-record.ts'
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

describe('the figures', () => {
  const figure = (id: string, more: Partial<Recorded> = {}) => figuresOf(report(more)).find((each) => each.id === id)

  it('stand beside how they were measured, and writes lost beside those that last-writer-wins has overwritten', () => {
    expect(figure('lost')).toMatchObject({ value: '0', how: expect.stringContaining('of 3 acknowledged') as string })
    expect(figure('overwritten')).toMatchObject({ value: '1' })
    expect(figure('availability')?.how).toBe('2 of 2 requests in a, the least; by chance alone 34.2 to 100.0 %')
    expect(figure('rto')).toMatchObject({ value: 'none' })
    const ids = figuresOf(report()).map(({ id }) => id)
    expect(ids.indexOf('overwritten')).toBe(ids.indexOf('lost') + 1)
  })

  it('say when the last client was still not served, so that the true RTO lies between the two', () => {
    const operations = [
      operation(2400),
      operation(2600, { fate: 'unknown', endMs: 3100 }),
      operation(3200, { endMs: 3300 }),
      operation(7000),
    ]
    expect(report({ operations }).recoveries).toMatchObject([{ rtoMs: 800, rtoMsMin: 600 }])
    expect(figure('rto', { operations })?.how).toContain('Not before 0.60 s.')
    const again = [operation(2600, { attempts: 2, endMs: 3300 })]
    expect(report({ operations: again }).recoveries).toMatchObject([{ rtoMs: 800, rtoMsMin: 100 }])
  })

  it('say when the region was back', () => {
    expect(figure('back')?.value).toBe('never away')
    const state = (atMs: number, ready: boolean) => ({ region: 'a', atMs, state: ready ? 'ready' : 'down' }) as const
    const samples = [state(100, true), state(2600, false), state(6200, true)]
    expect(figure('back', { samples })).toMatchObject({ value: '+6.20 s' })
    expect(figure('back', { samples: samples.slice(0, 2) })).toMatchObject({ value: 'not back' })
  })

  it('tell the load that they rest on', () => {
    expect(loadText(report())).toMatch(
      /^2 clients, 3 writes \(2 of items .*\) and 1 reads in 7\.5 s, 1 a second in all/,
    )
  })

  it('an old report has no load, and is shown all the same', () => {
    const { load: _load, ...old } = report()
    expect(pageOf(old)).toContain('made by an older version')
  })
})

describe('the application’s own probes', () => {
  const probes = [
    operation(2400, { kind: 'read', home: 'probe mine', client: 'mine-1' }),
    operation(2600, { kind: 'read', home: 'probe mine', client: 'mine-1', fate: 'unknown', endMs: 3000 }),
    operation(3400, { kind: 'read', home: 'probe mine', client: 'mine-1', endMs: 3500 }),
    operation(6400, { kind: 'read', home: 'probe mine', client: 'mine-1' }),
  ]

  it('count for RTO and availability, after the regions, and for no write', () => {
    const told = report({ probes })
    expect(told.services.map(({ region }) => region)).toEqual(['a', 'b', 'probe mine'])
    expect(told.recoveries.find(({ home }) => home === 'probe mine')).toMatchObject({ rtoMs: 1000, interrupted: 1 })
    expect(told.fates.acknowledged).toBe(report().fates.acknowledged)
    expect(notMet({ probes })).toEqual(['availability for clients in probe mine'])
  })

  it('may be all the load there is: then there are no writes to account for', () => {
    const good = probes.filter(({ fate }) => fate === 'acknowledged')
    const told = report({ probes: good, operations: [], conflicts: [] })
    expect(told.verdicts.map(({ target }) => target)).not.toContain('acknowledged writes lost')
    expect(told.outcome).toBe('pass')
  })
})

describe('for machines', () => {
  it('JUnit has a case for each target, and a failure for each that is not met', () => {
    const xml = junitOf(report({ finals: { a: {}, b: {} } }))
    expect(xml).toContain('failures="1"')
    expect(xml).toMatch(
      /name="acknowledged writes lost: at most 0, but by last-writer-wins" time="0"><failure message="[^"<]+"\/>/,
    )
    expect(xml).toContain('Mine &lt;script&gt;alert(1)&lt;/script&gt;')
    expect(xml.match(/<testcase /g)).toHaveLength(report().verdicts.length)
  })

  it('runs are compared on a page, the middle beside the least and the most', () => {
    const runs = [report(), report({ convergedMs: 3000 }), report({ convergedMs: 2000 })].map((each, n) =>
      runOf(`run ${n}`, each),
    )
    const page = trendsPage(runs)
    expect(page).toContain('mine: 3 of 3 passed')
    expect(page).toContain('2.00 s (1.00 s to 3.00 s)')
    expect(page).toContain('href="run%200/report.html"')
    expect(page).not.toContain('<script')
    expect(trendRow(runs[0] as Run)).toHaveLength(trendHead.length)
  })

  it('a run whose clients were not served again has no RTO, and says so', () => {
    const operations = [
      operation(2600, { fate: 'unknown' }),
      operation(2600, { home: 'b', client: 'two', attempts: 2 }),
    ]
    const run = runOf('x', report({ operations }))
    expect(run).toMatchObject({ isUnserved: true })
    expect(run.rtoMs).toBeUndefined()
    expect(trendRow(run)).toContain('not served again')
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
