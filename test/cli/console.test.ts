/** The console in a browser, before three real regions: by mouse, by click and by keyboard. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLmdbStore } from '../../src/adapters/lmdb/lmdb-store.ts'
import { decodeRow, encodeRow } from '../../src/core/item/row.ts'
import { rowKey } from '../../src/engine/store/keys.ts'
import { controlOf } from '../../src/supervisor/control/supervisor-client.ts'
import { openBrowser } from '../drills/browser.ts'
import {
  clientAt,
  eventually,
  longitude,
  prepareProgram,
  programPath,
  removeFolder,
  temporaryFolder,
  up,
  type Up,
} from './command-line.ts'
import { foundByAxe, Keyboard } from './console-page.ts'

const data = temporaryFolder()
const [virginia, ireland, tokyo] = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const shownMsMax = 20_000
/** Every region compares and mends, one after the other. */
const repairMsMax = 60_000
const drillMsMax = 90_000
let running: Up
let browser: Browser | undefined
let page: Page
let keyboard: Keyboard
let address: string

beforeAll(async () => {
  prepareProgram()
  const regions = [virginia, ireland, tokyo].join()
  ;[running, browser] = await Promise.all([
    up(data, '--regions', regions, '--no-cache', '--no-front-door'),
    openBrowser(),
  ])
  address = (await longitude('console', '--url', '--data', data)).output.trim()
  if (browser === undefined) return
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  page.setDefaultTimeout(shownMsMax)
  keyboard = new Keyboard(page)
  // Nothing from elsewhere.
  await page.route(
    (url) => url.hostname !== '127.0.0.1',
    (route) => route.abort(),
  )
  await page.goto(address)
  await page.getByRole('button', { name: 'Heal all' }).and(page.locator(':enabled')).waitFor()
}, 240_000)

afterAll(async () => {
  await browser?.close()
  running.supervisor.kill('SIGTERM')
  await running.ended
  removeFolder(data)
})

/** Breaks something, and then waits to be aborted. */
const shortDrill = `name: short
title: A short drill
regions: [${[virginia, ireland, tokyo].join()}]
targets: { convergence: 60s }
steps:
  - load: { writers: 1, rate: 5 }
  - cut: { links: us-east-1>eu-west-1, for: 60s }
  - wait: 1h
`

/** Where the console keeps reports: one of a drill that passed. */
function layReport(): void {
  const folder = join(data, 'drill-reports', 'earlier-2026-11-30T12-00-00')
  mkdirSync(folder, { recursive: true })
  const times = { startedMs: 1, endedMs: 2 }
  const report = { name: 'earlier', title: 'An earlier drill', outcome: 'pass', ...times, verdicts: [] }
  writeFileSync(join(folder, 'report.json'), JSON.stringify(report))
  writeFileSync(join(folder, 'report.html'), '<!doctype html><style>h1{color:#333}</style><h1>An earlier drill</h1>')
}

async function startDrill(): Promise<void> {
  await keyboard.press(page.getByRole('button', { name: 'Start …' }))
  await keyboard.press(page.getByRole('dialog').getByRole('button', { name: 'Start', exact: true }))
}

function cell(from: string, to: string): Locator {
  return page.locator(`[data-direction="${from}>${to}"]`)
}

async function show(...parts: readonly string[]): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${parts.join('/')}`)}`)
}

function client(region: string): DynamoDBClient {
  return clientAt(running.overview.regions.find((each) => each.region === region))
}

/** The middle of a handle's own mark. */
async function middleOf(handle: Locator): Promise<{ readonly x: number; readonly y: number }> {
  const box = await handle.locator('.reach').boundingBox()
  if (box === null) throw new Error('no such handle')
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

async function becomes(what: Locator, text: RegExp): Promise<void> {
  await eventually(`${text.source} is shown`, async () => text.test((await what.textContent()) ?? ''), shownMsMax)
}

test('the page is small', () => {
  const place = join(programPath, '..', '..', 'console', 'static')
  const bytes = ['index.html', 'console.js', 'console.css'].map(
    (name) => gzipSync(readFileSync(join(place, name))).length,
  )
  expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(120_000)
})

describe('the console', { timeout: 100_000 }, () => {
  test('shows the regions without a key, and changes nothing', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    const stranger = await (browser as Browser).newPage()
    await stranger.goto(address.replace(/#.*/, ''))
    await stranger.getByText('prints the address').waitFor()
    await stranger.locator('.map .region').nth(2).waitFor()
    expect(await stranger.getByRole('button', { name: 'Heal all' }).isDisabled()).toBe(true)
    await stranger.getByLabel('Address or key').fill(address)
    await stranger.getByRole('button', { name: 'Sign in' }).click()
    await stranger.getByRole('button', { name: 'Heal all' }).and(stranger.locator(':enabled')).waitFor()
    expect(stranger.url()).not.toContain('key=')
    await stranger.close()
  })

  test('cuts a direction that is dragged across the line, and heals it by click', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    await becomes(cell(virginia, ireland), /: (live|idle)/)
    const there = page.locator(`.handle [aria-label^="${virginia} to ${ireland}"]`)
    const back = page.locator(`.handle [aria-label^="${ireland} to ${virginia}"]`)
    const [from, to] = [await middleOf(there), await middleOf(back)]
    await page.mouse.move(from.x, from.y)
    await page.mouse.down()
    await page.mouse.move(to.x, to.y + 10, { steps: 4 })
    await page.mouse.up()
    await becomes(cell(virginia, ireland), /: cut/)
    await page.getByRole('region', { name: 'List of the faults' }).getByText('console').waitFor()
    const links = await longitude('links', '--json', '--data', data)
    const { links: views } = JSON.parse(links.output) as {
      links: readonly { from: string; to: string; state: string }[]
    }
    expect(views.filter(({ state }) => state === 'down').map(({ from: one, to: other }) => [one, other])).toEqual([
      [virginia, ireland],
    ])
    await cell(virginia, ireland).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Heal', exact: true }).click()
    await page.keyboard.press('Escape')
    await becomes(cell(virginia, ireland), /: (live|idle)/)
  })

  test('creates a table with its replicas, and edits an item without losing a digit', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    await show('tables')
    await page.getByRole('button', { name: 'Create a table' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Orders')
    for (const replica of [ireland, tokyo]) await page.getByRole('checkbox', { name: replica }).check()
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('link', { name: 'Orders' }).click()
    await page.getByText('No item found').waitFor()
    const item = {
      id: { S: 'exact' },
      big: { N: '12345678901234567890123456789012345678' },
      numbers: { NS: ['9007199254740993', '1'] },
      bytes: { B: 'AAEC/w==' },
      count: { N: '1' },
    }
    await page.getByRole('button', { name: 'New item' }).click()
    await page.getByRole('button', { name: 'As JSON' }).click()
    await page.getByLabel('The item as JSON').fill(JSON.stringify(item))
    await page.getByRole('button', { name: 'Write' }).click()
    await becomes(page.locator('tr.same, tr.differs').first(), /exact/)
    await page.getByRole('button', { name: 'exact' }).click()
    await page.getByRole('button', { name: `Edit in ${virginia}` }).click()
    await page.getByLabel('Value of count').fill('9007199254740993')
    await page.getByLabel('Value of big').fill('-98765432109876543210987654321098765432')
    await page.getByLabel('Value of numbers').fill('9007199254740993\n0.10000000000000000000000000000000000001')
    await page.getByLabel('Value of bytes').fill('//79/A==')
    await page.getByRole('button', { name: 'Write' }).click()
    await page.getByText('Nothing is changed').waitFor({ state: 'detached' })
    await page.keyboard.press('Escape')
    await eventually('the edit is in Tokyo, exact', async () => {
      const { Item } = await client(tokyo).send(
        new GetItemCommand({ TableName: 'Orders', Key: { id: { S: 'exact' } } }),
      )
      return (
        Item?.['count']?.N === '9007199254740993' &&
        Item['big']?.N === '-98765432109876543210987654321098765432' &&
        Buffer.from(Item['bytes']?.B ?? []).toString('base64') === '//79/A==' &&
        Item['numbers']?.NS?.toSorted().join() === '0.10000000000000000000000000000000000001,9007199254740993'
      )
    })
  })

  test('queries, scans and runs PartiQL, and says what that consumed', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    await show('tables', 'Orders', 'items')
    await page.getByLabel('id is (empty: all)').fill('exact')
    await page.getByRole('button', { name: 'Query' }).click()
    await page.getByText(/^consumed: us-east-1 0\.5\b/).waitFor()
    await page.getByLabel('id is (empty: all)').fill('')
    await page.getByRole('button', { name: 'Scan' }).click()
    await page.getByText(/aws dynamodb scan /).waitFor()
    await show('tables', 'Orders', 'partiql')
    await page.getByLabel('Statement').fill(`UPDATE "Orders" SET seen = 12345678901234567890 WHERE id = 'exact'`)
    await page.getByRole('button', { name: 'Execute' }).click()
    await page.getByText(/^consumed: 1\b/).waitFor()
    await page.getByLabel('Statement').fill(`SELECT seen FROM "Orders" WHERE id = 'exact'`)
    await page.getByRole('button', { name: 'Execute' }).click()
    await page.getByRole('region', { name: 'Returned items' }).getByText('12345678901234567890').waitFor()
  })

  test('makes a backup, and restores a table from it', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    await show('backups')
    await page.getByRole('button', { name: 'Make a backup' }).click()
    const made = page.getByRole('region', { name: 'List of the backups' })
    await eventually('the backup is there', async () => {
      await page.getByRole('button', { name: 'Look again' }).click()
      return await made.getByText('AVAILABLE').first().isVisible()
    })
    await page.getByLabel('To the new table').fill('Restored')
    await page.getByRole('button', { name: 'Restore', exact: true }).click()
    await eventually('the restored table has the item', async () => {
      const Key = { id: { S: 'exact' } }
      const read = client(virginia).send(new GetItemCommand({ TableName: 'Restored', Key }))
      return (await read.catch(() => undefined))?.Item?.['seen']?.N === '12345678901234567890'
    })
  })

  test('freezes a NATS server and kills a node for a time, and heals both at once', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    await show('nodes')
    const line = page.getByRole('region', { name: 'List of the processes' }).getByRole('row', { name: ireland })
    const press = async (what: string, how: string, button: string): Promise<void> => {
      await page.getByRole('combobox', { name: /^Of/ }).selectOption(ireland)
      await page.getByRole('combobox', { name: /^What/ }).selectOption(what)
      await page.getByRole('combobox', { name: /^How/ }).selectOption(how)
      await page.getByRole('combobox', { name: /^For/ }).selectOption('300')
      await page.getByRole('button', { name: button }).click()
    }
    await press('nats', 'freeze', 'Freeze it')
    await line.getByText('frozen').waitFor()
    await press('node', 'kill', 'Kill it')
    await line.getByText('down').first().waitFor()
    expect(await page.getByText('- kill: { region: eu-west-1, part: node, for: 300s }').isVisible()).toBe(true)
    await page.getByRole('button', { name: /^Heal all/ }).click()
    await line.getByText('frozen').waitFor({ state: 'detached', timeout: repairMsMax })
    await line.locator('.chip.good').waitFor({ timeout: repairMsMax })
  })

  test('shows a conflict with both images, and writes the loser again', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    await show('world')
    await cell(virginia, tokyo).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cut' }).click()
    await page.keyboard.press('Escape')
    await becomes(cell(tokyo, virginia), /: cut/)
    const write = (region: string, status: string) =>
      client(region).send(
        new PutItemCommand({ TableName: 'Orders', Item: { id: { S: 'fought over' }, status: { S: status } } }),
      )
    await write(virginia, 'shipped')
    await becomes(cell(virginia, tokyo), /\d+ pending/)
    await write(tokyo, 'cancelled')
    await page.getByRole('button', { name: /^Heal all/ }).click()
    await show('conflicts')
    await page.getByRole('button', { name: 'fought over' }).click()
    const images = page.getByRole('region', { name: 'Both images' })
    await images.getByText('"cancelled"').waitFor()
    await images.getByText('"shipped"').waitFor()
    await page.getByText(/ms later/).waitFor()
    await page.getByRole('button', { name: 'Write the loser again' }).click()
    await page.getByText(/^written in/).waitFor()
    await page.keyboard.press('Escape')
    await eventually('the loser is everywhere', async () => {
      const told = await Promise.all(
        [virginia, ireland, tokyo].map((region) =>
          client(region).send(new GetItemCommand({ TableName: 'Orders', Key: { id: { S: 'fought over' } } })),
        ),
      )
      return told.every(({ Item }) => Item?.['status']?.S === 'shipped')
    })
  })

  test('by the keyboard alone: follows a change stream, and reads what came while it was paused', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    await keyboard.open('Streams')
    await keyboard.type(page.getByLabel('Table', { exact: true }), 'Orders')
    await keyboard.press(page.getByRole('button', { name: 'Follow' }))
    const records = page.getByRole('region', { name: 'Records' })
    const write = (status: string) =>
      client(tokyo).send(
        new PutItemCommand({ TableName: 'Orders', Item: { id: { S: 'streamed' }, status: { S: status } } }),
      )
    await page.getByText('Following: 0 records').waitFor()
    await write('first')
    await records.getByText('INSERT').waitFor()
    await keyboard.press(page.getByRole('button', { name: 'Pause' }), 'Space')
    await page.getByText('Paused after 1 records').waitFor()
    await write('second')
    await keyboard.press(page.getByRole('button', { name: 'Go on' }), 'Space')
    const modified = records.getByRole('row', { name: /MODIFY/ }).getByRole('button')
    await keyboard.press(modified)
    const images = page.getByRole('region', { name: 'Both images' })
    await images.getByText('"first"').waitFor()
    await images.getByText('"second"').waitFor()
    expect(await foundByAxe(page)).toEqual([])
    await keyboard.leave(modified)
  })

  test('by the keyboard alone: starts a drill, shows its steps as they happen, aborts it, and opens a report', async ({
    skip,
  }) => {
    skip(browser === undefined, 'there is no browser')
    layReport()
    await keyboard.open('Drills')
    await keyboard.choose(page.getByRole('combobox', { name: /^Drill/ }), 'slow-link')
    const file = page.getByLabel('The drill file')
    await keyboard.type(file, shortDrill)
    await startDrill()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const lines = page.getByRole('region', { name: 'What happened in the drill' })
    await lines
      .getByRole('row', { name: /cut: .*us-east-1>eu-west-1/ })
      .first()
      .waitFor({ timeout: drillMsMax })
    await lines.getByRole('row', { name: /wait: 1h/ }).waitFor({ timeout: drillMsMax })
    await keyboard.press(page.getByRole('button', { name: 'Abort' }))
    await page.getByText('aborted', { exact: true }).waitFor({ timeout: drillMsMax })
    const earlier = page.getByRole('region', { name: 'List of the reports' }).getByRole('button', { name: 'earlier' })
    await keyboard.press(earlier)
    const report = page.frameLocator('iframe.report')
    await report.getByRole('heading', { name: 'An earlier drill' }).waitFor()
    expect(await foundByAxe(page)).toEqual([])
    await keyboard.leave(earlier)
    await keyboard.type(file, shortDrill.replace('wait: 1h', 'wiat: 1h'))
    await startDrill()
    await page.getByRole('dialog').getByText('no step "wiat"').waitFor()
    expect(await foundByAxe(page)).toEqual([])
    await keyboard.leave(page.getByRole('button', { name: 'Start …' }))
  })

  test('by the keyboard alone: tells what was consumed, or that nothing is counted yet, and who there is', async ({
    skip,
  }) => {
    skip(browser === undefined, 'there is no browser')
    // Another region is chosen while the page still asks the one before.
    await page.route('**/api/capacity', async (route) => {
      if (route.request().postData()?.includes(tokyo) === true) await new Promise((resolve) => setTimeout(resolve, 500))
      await route.continue()
    })
    await keyboard.open('Capacity')
    await keyboard.choose(page.getByRole('combobox', { name: /^In/ }), tokyo)
    await keyboard.choose(page.getByRole('combobox', { name: /^In/ }), virginia)
    const consumed = page.getByRole('region', { name: 'Consumed capacity by table and index' })
    await page.getByText('has consumed anything of late').or(consumed).waitFor()
    await page.unroute('**/api/capacity')
    if (await consumed.isVisible()) {
      await keyboard.type(page.getByRole('searchbox', { name: 'Find' }), 'Orders')
      await keyboard.press(consumed.getByRole('button', { name: 'Orders' }))
      await keyboard.press(page.getByText('The same as a table'))
      await keyboard.to(page.getByRole('region', { name: 'Minutes' }))
    }
    await keyboard.press(page.getByRole('button', { name: 'Estimate' }))
    const costs = page.getByRole('region', { name: 'Costs by region and table' })
    await costs.getByText('all regions').waitFor()
    await keyboard.to(costs)
    const unknown = page.getByText('Not known, and not in the figures')
    await keyboard.press(unknown)
    await page.getByText('Free allowances').waitFor()
    expect(await foundByAxe(page)).toEqual([])
    await keyboard.open('Access')
    await page.getByText('There is no file of identities').waitFor()
    await page.getByText('No permission was denied').waitFor()
    await keyboard.press(page.getByRole('button', { name: 'Look again' }))
  })

  test('marks a copy that differs, and its repair makes the copies equal', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    await spoil(ireland, 'shipped', 'spoiled')
    await show('tables', 'Orders', 'items')
    await page.locator('tr.differs', { hasText: 'fought over' }).locator('td.unlike', { hasText: 'spoiled' }).waitFor()
    await show('tables', 'Orders', 'settings')
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.getByText('differs', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Repair' }).click()
    await page.getByText('equal', { exact: true }).waitFor({ timeout: repairMsMax })
    await show('tables', 'Orders', 'items')
    await page.locator('tr.same', { hasText: 'fought over' }).waitFor()
    expect(await page.locator('tr.differs').count()).toBe(0)
  })

  test('shows the past of a direction, with its faults, as a plot and as a table', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    await show('replication')
    await page.getByRole('button', { name: `Show the past of ${virginia} to ${tokyo}` }).click()
    await page.locator('.plot canvas').waitFor()
    await page.locator('.notes .fault').first().waitFor()
    await page.getByText('The same as a table').click()
    await page.getByRole('region', { name: 'Samples' }).getByText('not safe').first().waitFor()
  })

  test('has nothing that axe finds, and no colour that is hard to read in either theme', async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    for (const parts of [
      ['world'],
      ['tables', 'Orders', 'items'],
      ['tables', 'Orders', 'settings'],
      ['replication'],
      ['conflicts'],
      ['streams', 'Orders'],
      ['backups'],
      ['drills'],
      ['access'],
      ['capacity'],
      ['nodes'],
    ]) {
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
      await show(...parts)
      await page.locator('main .panel').first().waitFor()
      expect(await foundByAxe(page), parts.join('/')).toEqual([])
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
      expect(await foundByAxe(page, "axe.run({ runOnly: ['color-contrast'] })"), parts.join('/')).toEqual([])
    }
  })
})

/** On the disk of a region that is stopped meanwhile: an item's row with other bytes and an older stamp, as if an update had been lost. */
async function spoil(region: string, from: string, to: string): Promise<void> {
  const control = controlOf({ data })
  if (control === undefined) throw new Error('nothing runs')
  await control.break({ owner: 'test', region, part: 'node', kind: 'kill', forMs: 60_000 })
  const store = await openLmdbStore(join(data, region, 'store'))
  const [first = 0] = rowKey(0, Buffer.alloc(0))
  const rows = [...store.entries({ from: Buffer.of(first), to: Buffer.of(first + 1) })].map(({ key, value }) => ({
    key: Buffer.from(key),
    row: decodeRow(Buffer.from(value)),
  }))
  const found = rows.filter(({ row }) => row.body.includes(`"${from}"`))
  const older = found.map(({ key, row }) => {
    const stamp = { ...row.stamp, wallMs: row.stamp.wallMs - 1000 }
    return { key, value: encodeRow({ ...row, stamp, body: Buffer.from(row.body.toString().replace(from, to)) }) }
  })
  await store.write(older)
  await store.close()
  await control.heal({ owner: 'test' })
  await eventually('the region is ready again', async () => {
    const endpoint = running.overview.regions.find((each) => each.region === region)?.endpoint
    return (await fetch(`${endpoint}/ready`).catch(() => undefined))?.ok === true
  })
}
