/** The console before 22 regions with 1,000 tables: what it asks for, what it sends to a page, and what the page shows, counted. The regions are told, not run. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Console } from '../../src/console/console.ts'
import { consoleAddress, consoleKey } from '../../src/console/key.ts'
import { readStaticFiles } from '../../src/console/static-files.ts'
import { readRegions } from '../../src/deployment/regions.ts'
import { Wire } from '../../src/drills/run/load/wire.ts'
import type { LinkView } from '../../src/links/control/links-client.ts'
import { openBrowser } from '../drills/browser.ts'
import { prepareProgram } from './command-line.ts'

const regionCount = 22
const tableCount = 1000
/** What one look may ask of a region: is it ready, how is it, what has lost there. */
const requestsPerLook = 3
const stateBytesMax = 400_000
const nodesMax = 6000

const known = readRegions()
const names = known.all.map(({ name }) => name).slice(0, regionCount)
const tables = Array.from({ length: tableCount }, (_, index) => `Table-${String(index).padStart(4, '0')}`)
const asked = { requests: 0, bytes: 0, withTables: 0 }
const token = 'the-token-of-the-administration'
let regionsServer: Server
let own: Console
let wire: Wire
let browser: Browser | undefined
let page: Page

beforeAll(async () => {
  prepareProgram()
  regionsServer = createServer(answer).listen(0, '127.0.0.1')
  await new Promise((resolve) => regionsServer.once('listening', resolve))
  const { port } = regionsServer.address() as AddressInfo
  const regions = names.map((name) => [name, `http://127.0.0.1:${port}/${name}`, token] as const)
  const views = names.flatMap((from) => names.filter((to) => to !== from).map((to) => linkOf(from, to)))
  const links = {
    list: async () => await Promise.resolve(views),
    set: async () => await Promise.resolve(views),
    heal: async () => await Promise.resolve(views),
  }
  wire = new Wire({ accessKeyId: 'any', secretAccessKey: 'any' })
  own = await Console.open({
    host: '127.0.0.1',
    port: 0,
    key: consoleKey(token),
    hostNames: [],
    files: readStaticFiles(),
    deployment: { regions, links, place: (name) => known.all.find((region) => region.name === name) },
    reach: { regions, links, wire, supervisor: () => undefined, access: { identities: undefined, mode: 'off' } },
    about: () => ({ name: 'many', version: '1' }),
  })
  browser = await openBrowser()
  if (browser === undefined) return
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  page.setDefaultTimeout(30_000)
  await page.goto(consoleAddress(`http://127.0.0.1:${own.port}`, token))
  await page
    .locator('.matrix [data-direction]')
    .nth(regionCount * (regionCount - 1) - 1)
    .waitFor()
}, 240_000)

afterAll(async () => {
  await browser?.close()
  await own.close()
  wire.close()
  regionsServer.closeAllConnections()
  regionsServer.close()
})

describe(`${regionCount} regions and ${tableCount} tables`, { timeout: 100_000 }, () => {
  test('a look asks each region a few short questions, and nothing about each of its tables', async () => {
    await stateAfter(async () => {
      asked.requests = 0
      asked.bytes = 0
      await Promise.resolve()
    })
    const before = { ...asked }
    await nextState()
    const [requests, bytes] = [asked.requests - before.requests, asked.bytes - before.bytes]
    // The next look may have begun.
    expect(requests).toBeLessThanOrEqual(2 * requestsPerLook * regionCount)
    expect(bytes / requests).toBeLessThan(20_000)
    expect(asked.withTables).toBe(0)
  })

  test('a page gets a bounded state once a second', async () => {
    const { bytes, directions } = await nextState()
    expect(directions).toBe(regionCount * (regionCount - 1))
    expect(bytes).toBeLessThan(stateBytesMax)
  })

  test.for([
    ['world', '.matrix'],
    ['tables', 'a[href="#/tables/Table-0000"]'],
    ['replication', 'main table'],
    ['conflicts', 'main .panel'],
    ['streams', 'main .panel'],
    ['backups', 'main .panel'],
    ['drills', 'main .panel'],
    ['access', 'main .panel'],
    ['capacity', 'main .panel'],
    ['nodes', 'main table'],
  ])(
    'the page %s has a bounded number of elements, and no more after some states',
    async ([name = '', what = ''], { skip }) => {
      skip(browser === undefined, 'there is no browser')
      await page.evaluate(`location.hash = '#/${name}'`)
      await page.locator(what).first().waitFor()
      const first = await page.locator('*').count()
      expect(first).toBeLessThan(nodesMax)
      // The others do not follow the state.
      if (!/^(world|replication|nodes)$/.test(name)) return
      await nextState()
      expect(await page.locator('*').count()).toBeLessThan(first + 500)
    },
  )

  test('a table is found by its name among all of them', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    await page.evaluate("location.hash = '#/tables'")
    await page.getByText(`${tableCount} tables`).waitFor()
    await page.getByRole('searchbox', { name: 'Find' }).fill('table-0987')
    await page.getByRole('link', { name: 'Table-0987' }).waitFor()
    expect(await page.locator('main tbody tr').count()).toBe(1)
  })
})

/** The next state that a page would get. */
async function nextState(): Promise<{ readonly bytes: number; readonly directions: number }> {
  return await stateAfter(async () => await Promise.resolve())
}

/** The second state: the first of a stream is the one that there was. */
async function stateAfter(work: () => Promise<void>) {
  const following = new AbortController()
  const { body } = await fetch(`http://127.0.0.1:${own.port}/api/events`, { signal: following.signal })
  if (body === null) throw new Error('no events')
  await work()
  let text = ''
  for await (const part of body.pipeThrough(new TextDecoderStream()) as AsyncIterable<string>) {
    text += part
    const states = [...text.matchAll(/event: state\nid: [^\n]*\ndata: ([^\n]*)\n\n/g)]
    const [, data] = states[1] ?? []
    if (data === undefined) continue
    following.abort()
    const { directions } = JSON.parse(data) as { readonly directions: readonly unknown[] }
    return { bytes: data.length, directions: directions.length }
  }
  throw new Error('the events have ended')
}

/** What a region says that is well. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const { url = '', method } = request
  const [, region = '', ...rest] = url.split('/')
  const path = rest.join('/')
  request.resume()
  asked.requests += 1
  const text = method === 'POST' && path === '' ? JSON.stringify(outputOf(request)) : told(region, path)
  asked.bytes += text.length
  response.writeHead(200, { 'content-type': 'application/json' }).end(text)
}

function told(region: string, path: string): string {
  if (path.startsWith('admin/status')) {
    const hasTables = !path.endsWith('?tables=')
    if (hasTables) asked.withTables += 1
    return JSON.stringify(statusOf(region, hasTables ? tables : []))
  }
  if (path.startsWith('admin/conflicts')) return JSON.stringify({ conflicts: [], next: 0 })
  if (path.startsWith('admin/triggers')) return JSON.stringify({ triggers: [] })
  return JSON.stringify({ ready: true })
}

function outputOf({ headers }: IncomingMessage): object {
  const operation = String(headers['x-amz-target']).split('.')[1]
  if (operation === 'ListTables') return { TableNames: tables }
  if (operation === 'ListMetrics') return { Metrics: [] }
  return { BackupSummaries: [] }
}

function statusOf(region: string, shown: readonly string[]) {
  const watermark = { wallMs: Date.now() - 100, counter: 1 }
  const perTable = { pending: 0, lagMs: 0, watermark, safeToEvacuate: true }
  const peers = names
    .filter((name) => name !== region)
    .map((peer) => ({
      peer,
      line: { receiving: true, bytesPerSecond: 1000, roundTripMs: 80 },
      state: 'live',
      outbound: 'live',
      ...perTable,
      held: 0,
      tables: shown.map((table) => ({ table, ...perTable })),
    }))
  return { region, flushed: 1, tables: tableCount, publishing: true, peers }
}

function linkOf(from: string, to: string): LinkView {
  const setting = { roundTripMs: 80, jitterMs: 0, bandwidthBitsPerSecond: null, stall: null, state: 'up' as const }
  return { from, to, ...setting, configured: setting, faults: [], carriedBytes: 1000 } as unknown as LinkView
}
