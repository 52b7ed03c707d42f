/**
 * Drills as a person runs them: the command, real regions, and the page in a browser. Two of those that come with Longitude, in
 * short form; `npm run drills` runs all of them.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/drills/report/report.ts'
import { build } from '../../src/cli/prepare.mjs'
import { type Up, alive, eventually, removeFolder, temporaryFolder, up } from '../cli/command-line.ts'
import { openBrowser } from './browser.ts'
import { drill, startDrill } from './command.ts'
import { comparisonText } from './comparison.ts'
import { type ObservedDrill, observedDrill, readOperations, readReport } from './observed.ts'

const testMsMax = 180_000
const folder = temporaryFolder()
const data = join(folder, 'data')
let running: Up
let browser: Browser | undefined

beforeAll(async () => {
  build(fileURLToPath(new URL('../..', import.meta.url)), () => undefined)
  running = await up(data)
  browser = await openBrowser()
}, testMsMax + 240_000)

afterAll(async () => {
  await browser?.close()
  running.supervisor.kill('SIGTERM')
  await running.ended
  expect(alive(running.overview.processes)).toEqual([])
  removeFolder(folder)
})

describe('region-loss on a running `longitude up`', () => {
  const out = join(folder, 'loss')
  let observed: ObservedDrill

  beforeAll(async () => {
    const load = { writers: 2, everyMs: 1000 / 15 }
    const watch = async (): Promise<ObservedDrill> =>
      await observedDrill(
        running,
        { data, out },
        { drill: shortForm('region-loss'), load, flags: ['--pace', '0.3', '--seed', '7'] },
      )
    observed = await watch()
    // A machine that stands still for a second, which this one may, shows each of the two something else: once more, then.
    if (observed.rows.some(({ agrees }) => !agrees)) {
      console.warn(comparisonText(observed.rows))
      observed = await watch()
    }
  }, testMsMax)

  it('passes, with status 0', () => {
    expect(observed.report.verdicts.filter(({ pass }) => !pass)).toEqual([])
    expect(observed.ended.status).toBe(0)
  })

  it('measures what an independent observer sees, within what follows from how often the two look', () => {
    console.log(comparisonText(observed.rows))
    expect(observed.rows.filter(({ agrees }) => !agrees)).toEqual([])
  })

  it('accounts for every acknowledged write', () => {
    const { fates } = observed.report
    const acknowledged = readOperations(out).filter(({ kind, fate }) => kind === 'write' && fate === 'acknowledged')
    expect(acknowledged.length).toBeGreaterThan(100)
    expect(fates.acknowledged).toBe(acknowledged.length)
    expect(fates.present + fates.replaced + fates.losses.length).toBe(acknowledged.length)
    expect(fates.losses.filter(({ reason }) => reason !== 'last writer wins')).toEqual([])
  })

  it('leaves no table and nothing broken behind', async () => {
    const restored = await drill('restore', '--data', data)
    expect(restored.output).toContain('nothing was broken')
    const { regions } = running.overview
    expect(await tablesOf(regions[0]?.endpoint ?? '')).toEqual([])
  })

  it(
    'is told by a page that shows it, without a script or anything from elsewhere',
    { timeout: testMsMax },
    async (test) => {
      if (browser === undefined) test.skip('no browser')
      else await expectPage(browser, out, observed.report)
    },
  )
})

describe('region-isolation on regions of its own', () => {
  const out = join(folder, 'isolation')

  it('passes, and its page lists the writes that lost', { timeout: testMsMax }, async (test) => {
    const { status, errors } = await drill(
      'run',
      shortForm('region-isolation'),
      '--start',
      '--out',
      out,
      '--pace',
      '0.2',
      '--seed',
      '3',
      '--json',
    )
    const report = readReport(out)
    expect(report.verdicts.filter(({ pass }) => !pass)).toEqual([])
    expect([status, errors.includes('✓ cut: victim..*')]).toEqual([0, true])
    expect(report.conflicts.length).toBeGreaterThan(0)
    expect(readdirSync(out).toSorted()).toContain('report.md')
    if (browser === undefined) test.skip('no browser')
    else await expectPage(browser, out, report)
  })

  it('can be told again from its JSON', async () => {
    const before = readFileSync(join(out, 'report.html'), 'utf8')
    const { status, output } = await drill('report', out)
    expect([status, output.includes('PASS')]).toEqual([0, true])
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe(before)
  })
})

describe('a drill that does not come to its end', () => {
  const file = join(folder, 'endless.yaml')
  beforeAll(() => {
    writeFileSync(
      file,
      'name: endless\ntitle: Endless\nsteps:\n  - load: { in: us-east-1 }\n  - cut: eu-west-1..*\n  - kill: ap-northeast-1\n  - wait: 5m\n',
    )
  })

  it('mends what it broke at Ctrl-C, and ends with status 2', { timeout: testMsMax }, async () => {
    const started = startDrill('run', file, '--yes', '--data', data, '--out', join(folder, 'endless'))
    await eventually('something is broken', () => started.output().includes('✓ kill'), 30_000)
    started.process.kill('SIGINT')
    const { status } = await started.ended
    expect(status).toBe(2)
    expect((await drill('restore', '--data', data)).output).toContain('nothing was broken')
    expect(existsSync(join(folder, 'endless', 'report.json'))).toBe(false)
    expect((await fetch(`${running.overview.regions[2]?.endpoint}/ready`)).status).toBe(200)
  })

  it('is mended by `drill restore` when it was killed', { timeout: testMsMax }, async () => {
    const started = startDrill('run', file, '--yes', '--data', data, '--out', join(folder, 'endless'))
    await eventually('something is broken', () => started.output().includes('✓ kill'), 30_000)
    started.process.kill('SIGKILL')
    await started.ended
    const { output } = await drill('restore', '--data', data)
    expect(output).toContain('kill node of ap-northeast-1')
    expect((await drill('restore', '--data', data)).output).toContain('nothing was broken')
    await eventually(
      'the region is back',
      async () => (await fetch(`${running.overview.regions[2]?.endpoint}/ready`)).ok,
    )
  })
})

describe('a drill that cannot run ends with status 2 and says why', () => {
  it('for want of a drill, of regions, of leave to harm them, or of a right flag', { timeout: testMsMax }, async () => {
    const wrong = [
      [['run', 'region-los', '--start'], 'no file region-los'],
      [['run', 'region-loss', '--data', '/nowhere'], 'no `longitude up` runs on /nowhere'],
      [['run', 'region-loss', '--data', data], 'give --yes to let it, or --start for regions of its own'],
      [['run', 'disk-loss', '--yes', '--data', data], '--allow-harm'],
      [['run', 'region-loss', '--start', '--seed', 'x'], '--seed is "x"'],
    ] as const
    for (const [args, message] of wrong) {
      const { status, errors } = await drill(...args)
      expect(errors).toContain(message)
      expect(status).toBe(2)
    }
  })

  it('its file has mistakes, each with its line', async () => {
    const file = join(folder, 'wrong.yaml')
    writeFileSync(file, 'name: wrong\ntitle: Wrong\nsteps:\n  - kil: us-east-1\n  - wait: 3\n')
    const { status, errors } = await drill('run', file, '--start')
    expect(errors).toContain(`${file}:4:5: no step "kil"`)
    expect(errors).toContain(`${file}:5:5: wait`)
    expect(status).toBe(2)
  })
})

/**
 * The waits are made short by --pace. How fast clients are served is a matter of the machine, which has other tests to run:
 * what is held to its target here is what became of the data.
 */
function shortForm(name: string): string {
  const text = readFileSync(new URL(`../../drills/${name}.yaml`, import.meta.url), 'utf8')
  const path = join(folder, `${name}.yaml`)
  const short = text
    .replace(/^ {2}rto: .*$/m, '  rto: 30s')
    .replace(/^ {2}availability: .*$/m, '  availability: 30%')
    .replaceAll(/- expect: \{ (.*) \}/g, '- wait until: { $1, within: 30s }')
  writeFileSync(path, short)
  return path
}

async function tablesOf(endpoint: string): Promise<unknown> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.ListTables',
      'x-amz-date': '20260101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/local/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0',
    },
    body: '{}',
  })
  return ((await answer.json()) as { TableNames: unknown }).TableNames
}

/** What the page shows is what the report has; it asks for nothing and has no errors; its plots have marks in them. */
async function expectPage(open: Browser, out: string, report: Report): Promise<void> {
  const page = await open.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => problems.push(message.text()))
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) problems.push(request.url())
  })
  await page.goto(`file://${join(out, 'report.html')}`)
  expect(await page.locator('#outcome').innerText()).toBe(report.outcome === 'pass' ? '✓ Pass' : '✗ Fail')
  expect(await page.locator('#verdicts tbody tr').count()).toBe(report.verdicts.length)
  expect(await page.locator('#verdicts tbody tr.good').count()).toBe(report.verdicts.length)
  for (const { region, bins } of report.services) {
    const bars = await page.locator(`#availability-${region} rect.served`).count()
    expect(bars).toBe(bins.filter(({ served, failed }) => served + failed > 0).length)
    expect(await page.locator(`#latency-${region} path.line`).count()).toBeGreaterThan(0)
    expect(await page.locator(`#pending-${region} .line`).count()).toBeGreaterThanOrEqual(2)
  }
  expect(await page.locator('#timeline rect.span-fault').count()).toBe(report.faults.length)
  const { losses } = report.fates
  if (losses.length === 0)
    expect(await page.locator('#lost-writes').innerText()).toContain('no acknowledged write was lost')
  else expect(await page.locator('#lost-writes tbody tr').count()).toBe(Math.min(200, losses.length))
  for (const { value } of losses.slice(0, 5)) expect(await page.locator('#lost-writes').innerText()).toContain(value)
  expect(await page.locator('#proofs tbody tr').count()).toBe(report.proofs.length)
  expect(await overflow(page)).toBe(0)
  expect(problems).toEqual([])
  await page.close()
}

/** By how many pixels the page is wider than its window: text or plots that stick out. */
async function overflow(page: Awaited<ReturnType<Browser['newPage']>>): Promise<number> {
  await page.setViewportSize({ width: 420, height: 800 })
  return await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}
