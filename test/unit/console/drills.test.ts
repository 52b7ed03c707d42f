/** Drills that the console starts, what they print, and their reports. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { reportTicketMs } from '../../../src/core/limits/console-limits.ts'
import { DrillRuns } from '../../../src/console/drills/drill-runs.ts'
import { reportsIn, ReportTickets } from '../../../src/console/drills/reports.ts'
import { drillLineOf, withoutBegun } from '../../../src/console/model/drill-lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-console-drills-'))
afterAll(() => rmSync(folder, { recursive: true }))

const drill = 'name: mine\ntitle: A title\nregions: [us-east-1, eu-west-1]\ntargets: {}\nsteps:\n  - wait: 1s\n'

test.each([
  ['  0.25 s    the table is made', { at: '0.25 s', mark: 'begun', text: 'the table is made' }],
  ['  12.3 s  ✓ cut: a..b  (1.20 s)', { at: '12.3 s', mark: 'done', text: 'cut: a..b  (1.20 s)' }],
  ['  12.3 s  ✗ expect: x: not so', { at: '12.3 s', mark: 'failed', text: 'expect: x: not so' }],
  ['  12.3 s      eu-west-1 is down', { at: '12.3 s', mark: 'told', text: 'eu-west-1 is down' }],
  ['PASS  mine  (seed 7)', { mark: 'told', text: 'PASS  mine  (seed 7)' }],
])('the line %j of a drill is read', (line, told) => {
  expect(drillLineOf(line)).toEqual(told)
})

test('a step that has ended is shown once, and one that goes on is shown', () => {
  const lines = [
    '  1.00 s    wait: 1s',
    '  1.50 s      eu-west-1 is down',
    '  2.00 s  ✓ wait: 1s  (1.00 s)',
    '  2.10 s    heal: all',
  ]
  expect(withoutBegun(lines.map(drillLineOf)).map(({ mark, text }) => `${mark} ${text}`)).toEqual([
    'told eu-west-1 is down',
    'done wait: 1s  (1.00 s)',
    'begun heal: all',
  ])
})

/** In place of the command line: prints what it was given, and waits for its end where it is told to. */
const program = join(folder, 'program.mjs')
writeFileSync(
  program,
  `
  const [drill, run, file, ...flags] = process.argv.slice(2)
  const waits = flags.includes('--seed=1') ? setInterval(() => {}, 1000) : undefined
  process.on('SIGINT', () => { console.error('mended'); clearInterval(waits); process.exitCode = 2 })
  console.log('    0.10 s  ✓ ' + [drill, run, ...flags].join(' ') + ' ' + process.env.SIGNED_BY)
  if (flags.includes('--seed=3')) process.exitCode = 1
  `,
)

function runsOf(notes: string[] = []) {
  const environment = () => ({ ...process.env, SIGNED_BY: 'ann' })
  const options = { program: [program], data: '/data', reports: join(folder, 'reports'), environment }
  return new DrillRuns(options, (text) => notes.push(text))
}

async function ended(runs: DrillRuns) {
  for (let looks = 0; runs.view?.endedMs === undefined; looks++) {
    if (looks > 3000) throw new Error('it does not end')
    await sleep(10)
  }
  return runs.view
}

describe('a drill of the console', () => {
  test('is the command with its flags, and what it prints is kept', async () => {
    const notes: string[] = []
    const runs = runsOf(notes)
    runs.start({ text: drill, allowHarm: true, seed: 3 })
    const { state, lines, report, name } = await ended(runs)
    expect({ state, name }).toEqual({ state: 'failed', name: 'mine' })
    expect(lines).toHaveLength(1)
    expect(lines[0]?.text).toBe(
      `drill run --yes --data=/data --out=${join(folder, 'reports', report)} --allow-harm --seed=3 ann`,
    )
    expect(notes).toEqual(['the drill mine begins', 'the drill mine has ended: failed'])
  })

  test('is aborted as by Ctrl-C, and another one waits for its end', async () => {
    const runs = runsOf()
    runs.start({ text: drill, allowHarm: false, seed: 1 })
    expect(() => runs.start({ text: drill, allowHarm: false })).toThrow('the drill mine runs')
    while (runs.view?.lines.length === 0) await sleep(10)
    await runs.close()
    expect(runs.view).toMatchObject({ state: 'aborted' })
    expect(runs.view?.lines.at(-1)?.text).toBe('mended')
    expect(() => runs.abort()).toThrow('no drill runs')
  })

  test('that is wrong is refused with the place', () => {
    const wrong = drill.replace('wait: 1s', 'wiat: 1s')
    expect(() => runsOf().start({ text: wrong, allowHarm: false })).toThrow(/line:6:\d+: no step "wiat"/)
  })
})

test('reports are listed the newest first, and a ticket leads to one for a while', () => {
  const reports = join(folder, 'kept')
  const head = { title: 't', outcome: 'pass', endedMs: 9, verdicts: [] }
  for (const [id, startedMs] of [
    ['a-2026-11-30T12-00-00', 1],
    ['b-2026-11-30T13-00-00', 2],
  ] as const) {
    mkdirSync(join(reports, id), { recursive: true })
    writeFileSync(join(reports, id, 'report.json'), JSON.stringify({ ...head, name: id, startedMs, more: 1 }))
    writeFileSync(join(reports, id, 'report.html'), `<p>${id}`)
  }
  mkdirSync(join(reports, 'aborted'))
  expect(reportsIn(reports).map(({ name }) => name)).toEqual(['b-2026-11-30T13-00-00', 'a-2026-11-30T12-00-00'])
  expect(reportsIn(join(folder, 'none'))).toEqual([])
  const tickets = new ReportTickets(reports)
  expect(() => tickets.issue('../kept', 0)).toThrow('no report')
  expect(() => tickets.issue('aborted', 0)).toThrow('no report')
  const path = tickets.issue('a-2026-11-30T12-00-00', 0)
  const sent: { body?: string; policy?: string } = {}
  const response = {
    writeHead: (_: number, headers: Record<string, string>) => (sent.policy = headers['Content-Security-Policy'] ?? ''),
    end: (bytes: Buffer) => (sent.body = bytes.toString()),
  } as unknown as Parameters<ReportTickets['serve']>[1]
  expect(tickets.serve('/report/guessed', response, 1)).toBe(false)
  expect(tickets.serve(path, response, reportTicketMs + 1)).toBe(false)
  expect(tickets.serve(path, response, 1)).toBe(true)
  expect(sent).toMatchObject({ body: '<p>a-2026-11-30T12-00-00', policy: expect.stringMatching(/sandbox/) as string })
})
