/** What README and docs show is what the programs print, and what they claim is what their sources say. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { summaryText } from '../../src/cli/commands/drill/summary-text.ts'
import { layOut } from '../../src/deployment/layout.ts'
import { readRegions } from '../../src/deployment/regions.ts'
import type { Report } from '../../src/drills/report/report.ts'
import { distancesOf, overviewText } from '../../src/supervisor/overview.ts'
import { root } from '../tidy/sources.ts'
import { blocksOf, outputOf } from './outputs.ts'

/** Outputs that were typed or pasted, and may be out of date; lower it with every one that gets a test. */
const unheldMax = 8

const documents = ['README.md', ...below('docs')]
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

test('an excerpt stands in the file that it names', () => {
  const excerpts = documents.flatMap((document) =>
    blocksOf(document)
      .filter(({ kind }) => kind === 'excerpt')
      .map(({ name, text }) => ({ document, name, text })),
  )
  expect(excerpts.length).toBeGreaterThan(0)
  for (const { document, name, text } of excerpts) expect(read(name), `${document}: ${name}`).toContain(text)
})

test('the verdict in README is that of the run whose report is kept', () => {
  const report = JSON.parse(read('test/docs/region-loss.json')) as Report
  const lines = summaryText(report, 'report').split('\n')
  expect(outputOf('README.md', 'drill')).toBe(`${lines.slice(1, -2).join('\n')}\n`)
})

test('the table of three regions is what `npm start` prints', () => {
  const layout = layOut(
    {
      regions: ['us-east-1', 'eu-west-1', 'ap-northeast-1'],
      basePort: 8000,
      host: '127.0.0.1',
      data: 'data',
      cache: true,
      latency: true,
      frontDoor: true,
      console: true,
    },
    readRegions(join(root, 'regions')),
  )
  const regions = layout.regions.map(({ name, city, endpoint, cache, natsPort }) => ({
    region: name,
    city,
    endpoint,
    cache: cache?.endpoint ?? '',
    dax: cache?.dax.url ?? '',
    state: 'ready',
    natsPort,
    processes: { node: undefined, natsServer: undefined },
    distances: distancesOf(layout, name),
  }))
  const services = {
    console: `${layout.console?.url}/#key=…`,
    frontDoor: layout.frontDoor?.url ?? '',
    linksControl: `http://127.0.0.1:${layout.controlPort}`,
  }
  const [table = ''] = overviewText(regions, services).split('\nTry, in another terminal')
  expect(outputOf('docs/start/three-regions.md', 'up')).toBe(`${table.trimEnd()}\n`)
})

test('each figure of README stands on the page that it links to', () => {
  const [, section = ''] = read('README.md').split('## Five figures')
  const rows = [
    ...(section.split('\n## ')[0] ?? '').matchAll(/^\| .* \| \*\*(.+?)\*\* \| \[\d{4}-\d\d-\d\d, \w+\]\((.+?)\) \|$/gm),
  ]
  expect(rows.length).toBe(5)
  for (const [, figure = '', page = ''] of rows) {
    const [number = ''] = /[\d,]+(?: to \d+)?/.exec(figure) ?? []
    expect(read(page), `${figure} in ${page}`).toMatch(new RegExp(`(?<![\\d.,])${number}(?![\\d,])`))
  }
})

test('the distances of a vantage point are those of regions/latency.json', () => {
  const regions = readRegions(join(root, 'regions'))
  const [, block = ''] = read('docs/operating/links.md').split('$ longitude vantage ap-southeast-2\n')
  const rows = [...(block.split('```')[0] ?? '').matchAll(/^ {2}([a-z]+-[a-z]+-\d) .* ([\d.]+) ms /gm)]
  expect(rows.length).toBe(3)
  for (const [, region = '', ms] of rows) expect(regions.roundTripMs('ap-southeast-2', region)).toBe(Number(ms))
})

test('fewer and fewer outputs in the documents are held by no test', () => {
  const unheld = documents.flatMap((document) =>
    [...read(document).matchAll(/(^<!-- .* -->\n)?^```\n(\$ [\s\S]*?)^```$/gm)]
      .filter(([, mark, text = '']) => mark === undefined && text.split('\n').some((line) => /^ {2}\S/.test(line)))
      .map(() => document),
  )
  expect(unheld.length, unheld.join(', ')).toBeLessThanOrEqual(unheldMax)
})

test('README has as many drills as come with Longitude', () => {
  const words = ['Fifteen', 'Sixteen', 'Seventeen', 'Eighteen', 'Nineteen', 'Twenty']
  const count = readdirSync(join(root, 'drills')).filter((name) => name.endsWith('.yaml')).length
  expect(read('README.md')).toContain(`${words[count - 15]} drills come with Longitude`)
})

test('README is short enough to be read', () => {
  expect(read('README.md').split('\n').length).toBeLessThan(170)
})

function below(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join(folder, path))
}
