import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { acts, room } from './rooms.ts'
import { sources } from './sources.ts'

const all = sources('src')

/** Files that have grown past the limit, with the length they may keep: the number only goes down. */
const longFiles: Readonly<Record<string, number>> = {}
const linesMax = 400

describe('house rules', () => {
  test('time, chance and timers come from env (ports/clock.ts, ports/random.ts)', () => {
    const forbidden =
      /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|setImmediate|performance\.now|process\.)/
    const wrong = all
      .filter((source) => !acts(source.path))
      .filter((source) => forbidden.test(withoutComments(source.text)))
    expect(wrong.map((source) => source.path)).toEqual([])
  })

  test('nothing in core/ is asynchronous', () => {
    const wrong = all
      .filter((source) => source.path.startsWith('src/core/'))
      .filter((source) => /\b(async|await|Promise)\b/.test(withoutComments(source.text)))
    expect(wrong.map((source) => source.path)).toEqual([])
  })

  test('files have one reason to be opened: split those past 400 lines', () => {
    const wrong = all
      .map((source) => ({ path: source.path, lines: source.text.split('\n').length }))
      .filter(({ path, lines }) => lines > (longFiles[path] ?? linesMax))
    expect(wrong).toEqual([])
  })

  test('files are named by what they hold: not utils, helpers, common, misc or index', () => {
    const wrong = all.filter((source) => /\/(utils?|helpers?|common|misc|index)\.tsx?$/.test(source.path))
    expect(wrong.map((source) => source.path)).toEqual([])
  })

  test('what strangers send is scanned before it is parsed (core/wire/body-scan.ts); other parsers are named here, with why they are bounded', () => {
    const parsing = /\b(JSON\.parse|parseJson|decodeCbor|new URLSearchParams)\(/
    const wrong = all
      .filter(({ path }) => ['operations', 'http', 'cache', 'front-door'].includes(room(path)))
      .filter(({ path, text }) => parsing.test(withoutComments(text)) && boundedParsers[path] === undefined)
    expect(wrong.map(({ path }) => path)).toEqual([])
    const gone = Object.keys(boundedParsers).filter((path) => {
      const source = all.find((each) => each.path === path)
      return source === undefined || !parsing.test(withoutComments(source.text))
    })
    expect(gone).toEqual([])
  })

  test("a file's name stands once: it says its room's noun", () => {
    // A command's file is called like the command, and a port like what it is the port of.
    const named = all.filter(({ path }) => !['cli', 'ports'].includes(room(path)))
    const places = new Map<string, readonly string[]>()
    for (const { path } of named) places.set(basename(path), [...(places.get(basename(path)) ?? []), path])
    expect([...places.values()].filter((paths) => paths.length > 1)).toEqual([])
  })

  test('every file is reached from the command line, from a process that it starts, or from what the package exports', () => {
    const entries = ['src/cli/cli.ts', 'src/console/page/main.tsx', ...exported, ...forTests]
    const byPath = new Map(all.map((source) => [source.path, source]))
    const reached = new Set<string>()
    const visit = (path: string): void => {
      if (reached.has(path)) return
      reached.add(path)
      byPath.get(path)?.imports.forEach((name) => visit(name))
    }
    entries.forEach(visit)
    const dead = all.map((source) => source.path).filter((path) => !reached.has(path))
    expect(dead.filter((path) => !forTests.includes(path))).toEqual([])
  })
})

/** Parsers beside those of bodies, in rooms that strangers reach, and what bounds what they are given. */
const boundedParsers: Readonly<Record<string, string>> = {
  'src/operations/autoscaling/activity-book.ts': 'its own blobs',
  'src/operations/cloudwatch/alarm-changes.ts': '4,000 letters by the model',
  'src/operations/cloudwatch/insight-rules.ts': 'its own keys',
  'src/operations/iam/iam-handler.ts': 'policyDocumentBytesMax',
  'src/operations/lambda/function-operations.ts': 'a header: requestHeadBytesMax',
  'src/operations/partiql/next-token.ts': '32,768 letters by the model',
  'src/operations/streams/shard-iterator.ts': 'its checksum; 2,048 letters by the model',
  'src/http/access/session-keys.ts': 'sessionTokenSizeMax, and its own seal',
  'src/http/access/signatures.ts': 'the first line: requestHeadBytesMax',
  'src/http/admitting.ts': 'admissionBytesMax',
  'src/http/lambda-pipeline.ts': 'the first line: requestHeadBytesMax',
  'src/http/pipeline.ts': 'the first line; a body that was scanned and is refused is parsed again for the message',
  'src/http/processes/request-frames.ts': 'heads, between processes that know the region’s secret',
  'src/cache/dax-lists.ts': 'its own file',
  'src/cache/http/batch-get.ts': 'the region’s reply',
  'src/cache/http/cache-pipeline.ts': 'the region’s reply',
  'src/cache/http/understood.ts': 'the region’s reply',
  'src/cache/dax/dax-front.ts': 'the region’s reply',
  'src/cache/dax/kept-reads.ts': 'the region’s reply',
  'src/cache/dax/schemas.ts': 'the region’s reply',
  'src/front-door/health.ts': 'the region’s reply',
  'src/front-door/region-of.ts': 'the first line: requestHeadBytesMax',
}

/** What the package exports (src/cli/bundle.mjs). */
const exported = ['cluster', 'fixtures/vitest', 'fixtures/jest', 'fixtures/node-test'].map(
  (name) => `src/testing/${name}.ts`,
)

/** What only the tests, the benches and the simulator compose. */
const forTests = ['src/adapters/memory/memory-cache-line.ts', 'src/links/link.ts']

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*/g, '')
}
