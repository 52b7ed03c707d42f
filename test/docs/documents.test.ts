/** What README and docs show is what the programs print, and what they claim is what their sources say. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { summaryText } from '../../src/cli/commands/drill/summary-text.ts'
import { costText } from '../../src/cli/commands/show/cost-text.ts'
import { commandLine } from '../../src/cli/program.ts'
import { estimateOf } from '../../src/core/cost/estimate.ts'
import type { Minute, TableUsage } from '../../src/core/cost/usage.ts'
import { layOut } from '../../src/deployment/layout.ts'
import { readPrices } from '../../src/deployment/prices-file.ts'
import { readRegions } from '../../src/deployment/regions.ts'
import type { Report } from '../../src/drills/report/report.ts'
import { distancesOf, overviewText } from '../../src/supervisor/overview.ts'
import { root } from '../tidy/sources.ts'
import { ran } from '../unit/cli/run.ts'
import { blocksOf, outputOf, wordsOf } from './outputs.ts'

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

test('the console’s address is said as `npm start` says it', () => {
  expect(outputOf('docs/operating/console.md', 'console').trimEnd()).toBe(
    outputOf('docs/start/three-regions.md', 'up')
      .split('\n')
      .find((line) => line.includes('is the console')),
  )
})

test('an estimate of costs is printed as the page shows it', () => {
  const hourMs = 3_600_000
  const minutely = (units: number): readonly Minute[] =>
    Array.from({ length: 60 }, (_, minute) => ({ atMs: minute * 60_000, units }))
  const orders: TableUsage = {
    region: 'us-east-1',
    table: 'Orders',
    billingMode: 'PAY_PER_REQUEST',
    isInfrequent: false,
    regions: ['us-east-1', 'eu-west-1'],
    storedBytes: 3 * 1024 ** 3,
    storedItems: 1_000_000,
    resources: [{ index: undefined, reads: minutely(600), writes: minutely(900), provisioned: undefined }],
    expiredItems: 0,
    streamReads: 0,
    hasRecovery: true,
    backupBytes: 0,
    feedsKinesis: false,
  }
  const prices = readPrices()
  const printed = costText(estimateOf({ fromMs: 0, toMs: hourMs, tables: [orders] }, prices), prices)
  expect(outputOf('docs/operating/cost.md', 'cost')).toBe(`$ longitude cost --over 1h\n${printed}\n`)
})

test('the folders of a deployment hold what the page lists', { timeout: 60_000 }, async () => {
  const out = mkdtempSync(join(tmpdir(), 'longitude-deployment-'))
  try {
    const hosts = ['us-east-1=virginia.example.org', 'eu-west-1=dublin.example.org', 'ap-northeast-1=203.0.113.7']
    const { status, errors } = await ran('deployment', '--hosts', ...hosts, '--out', join(out, 'deployment'))
    expect({ status, errors }).toEqual({ status: 0, errors: '' })
    const made = readdirSync(join(out, 'deployment', 'us-east-1'))
    const listed = outputOf('docs/operating/deployment.md', 'deployment')
    const [, own = ''] = /^deployment\/us-east-1\/.*\n((?: {2}\S.*\n)*)/m.exec(listed) ?? []
    const names = own.split('\n').flatMap((line) => (line === '' ? [] : line.slice(0, 27).trim().split(', ')))
    const isListed = (name: string): boolean => names.includes(name.replace(/^.+(?=\.message-key$)/, '*'))
    expect(made.filter((name) => !isListed(name))).toEqual([])
    expect(names.filter((name) => !name.startsWith('*') && !made.includes(name))).toEqual([])
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
})

const fences = documents.flatMap((document) =>
  [...read(document).matchAll(/(^<!-- .* -->\n)?^```(\w*)\n([\s\S]*?)^```$/gm)].map(
    ([, mark, language = '', text = '']) => ({ document, mark, language, text }),
  ),
)

test('every output in the documents is held by a test', () => {
  const unheld = fences
    .filter(({ language, mark, text }) => language === '' && mark === undefined && /^(\$ | {2}\S)/m.test(text))
    .filter(({ document }) => !isGenerated(document))
    .filter(({ text }) => !isDrawing(text))
  expect(unheld.map(({ document, text }) => `${document}: ${text.split('\n')[0]}`)).toEqual([])
  const tests = below('test', '.test.ts').map(read).join('\n')
  const named = fences.flatMap(({ document, mark }) => {
    const [, name] = /^<!-- output: ([^,\s]+)/.exec(mark ?? '') ?? []
    return name === undefined ? [] : [`'${document}', '${name}'`]
  })
  expect(named.filter((each) => !tests.includes(each))).toEqual([])
})

test('every command in the documents is one that the program knows, with options that it has', () => {
  const lines = fences
    .flatMap(({ document, text }) =>
      text
        .replaceAll('\\\n', ' ')
        .split('\n')
        .map((line) => ({ document, line })),
    )
    .flatMap(({ document, line }) => {
      const [, command] = /^(?:\$ )?(?:npx )?longitude (.*)/.exec(line) ?? []
      const [, start] = /^npm start(?: -- (.*))?$/.exec(line.replace(/\s+#.*/, '')) ?? []
      const words = command ?? (start === undefined ? undefined : `up ${start}`)
      return words === undefined ? [] : [{ document, words: wordsOf(words) }]
    })
  expect(lines.length).toBeGreaterThan(40)
  const program = commandLine()
  const wrong = lines.flatMap(({ document, words }) => {
    const problem = problemOf(program, words)
    return problem === undefined ? [] : [`${document}: longitude ${words.join(' ')}: ${problem}`]
  })
  expect(wrong).toEqual([])
})

test('what a page says of AWS has a source with a date', () => {
  const page = read('docs/reference/sources.md')
  const dated = new Set([...page.matchAll(/^\| (\w+) \| .* \| \d{4}(?:-\d\d){0,2} \|$/gm)].map(([, name]) => name))
  const rows = [...page.matchAll(/^\| \[(\S+\.md)\]\(.*?\) \| (.*) \|$/gm)]
  const listed = new Map(rows.map(([, name = '', sources = '']) => [`docs/${name}`, sources]))
  const saying = documents.filter((document) => {
    if (/^docs\/(design\/|README|reference\/sources)|^README/.test(document)) return false
    const prose = read(document).replaceAll(/^```[\s\S]*?^```$|`[^`]*`/gm, '')
    return /\bAWS\b|\bAmazon\b/.test(prose)
  })
  expect([...listed.keys()].toSorted()).toEqual(saying.toSorted())
  const undated = [...listed].flatMap(([document, sources]) =>
    / each line | those of | the line /.test(` ${sources} `)
      ? []
      : sources.split(', ').flatMap((source) => (dated.has(source) ? [] : [`${document}: ${source}`])),
  )
  expect(undated).toEqual([])
})

test('README has as many drills as come with Longitude, and their page has each of them', () => {
  const words = ['Fifteen', 'Sixteen', 'Seventeen', 'Eighteen', 'Nineteen', 'Twenty', 'Twenty-one']
  const names = readdirSync(join(root, 'drills')).flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? [])
  expect(read('README.md')).toContain(`${words[names.length - 15]} drills come with Longitude`)
  const rows = [...read('docs/operating/drills.md').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name)
  expect(names.filter((name) => !rows.includes(name))).toEqual([])
})

test('README is short enough to be read', () => {
  expect(read('README.md').split('\n').length).toBeLessThan(170)
})

/** What is wrong with a command line, if anything is. */
function problemOf(program: Command, words: readonly string[]): string | undefined {
  const [command, ...path] = commandOf(program, words)
  if (path.length === 0) return 'no such command'
  const flags = words.filter((word) => word.startsWith('--') && word !== '--').map((word) => word.split('=')[0])
  const known = new Set([command, ...path].flatMap((each) => each?.options ?? []).map(({ long }) => long))
  return flags.find((flag) => flag !== '--help' && flag !== '--version' && !known.has(flag))
}

/** The command that is named, and those above it. */
function commandOf(above: Command, [word, ...rest]: readonly string[]): readonly Command[] {
  const named = above.commands.find((command) => command.name() === word)
  return named === undefined ? [above] : [...commandOf(named, rest), above]
}

/** Made by a test from what it saw. */
const isGenerated = (document: string): boolean => document.endsWith('ways-to-lose-a-write.md')

const isDrawing = (text: string): boolean => /[─▶│┌▸]/.test(text)

function below(folder: string, ending = '.md'): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .map((path) => join(folder, path))
}
