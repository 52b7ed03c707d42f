import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readCredentials, watchCredentials } from '../../../src/deployment/secrets/identities/credentials-file.ts'
import type { Log } from '../../../src/ports/log.ts'

let folder: string
let path: string
const lines: string[] = []
const note = (event: string, fields?: unknown): void => void lines.push(`${event} ${JSON.stringify(fields)}`)
const log: Log = { debug: note, info: note, warn: note, error: note, with: () => log }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longitude-credentials-'))
  path = join(folder, 'credentials.json')
  lines.length = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (content: unknown): void => {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
const entry = (accessKeyId: string, more = {}) => ({
  accessKeyId,
  secretAccessKey: `secret of ${accessKeyId}`,
  ...more,
})

test('a file has keys with secrets, and temporary ones with token and end', () => {
  write({ credentials: [entry('A'), entry('B', { sessionToken: 't', expires: '2027-01-01T00:00:00Z' })] })
  expect([...readCredentials(path).values()]).toEqual([
    entry('A'),
    entry('B', { sessionToken: 't', expiresMs: Date.UTC(2027, 0, 1) }),
  ])
})

test.each([
  ['{', /is no JSON/],
  [{ credentials: [entry('A'), entry('A')] }, /an access key twice/],
  [{ credentials: [{ accessKeyId: 'A', secret: 'hidden' }] }, /credentials\.0\.secretAccessKey/],
  [{ credentials: [entry('a b')] }, /letters, digits/],
  [{}, /credentials/],
])('what is wrong with a file is said, without what is in it: %j', (content, message) => {
  write(content)
  expect(() => readCredentials(path)).toThrow(message)
  expect(() => readCredentials(path)).not.toThrow(/hidden|secret of/)
})

test('a file that is not there is a failure at the start', () => {
  expect(() => watchCredentials(path, log)).toThrow(/cannot be read/)
})

test('a changed file is read again; one that is broken changes nothing; no secret is logged', async () => {
  write({ credentials: [entry('A')] })
  const watched = watchCredentials(path, log)
  const first = watched.current()
  expect([...first.keys()]).toEqual(['A'])
  write('{"credentials": "broken secret"')
  await vi.waitFor(() => expect(lines.at(-1)).toMatch(/^credentials not read again/), 10_000)
  expect(watched.current()).toBe(first)
  write({ credentials: [entry('A'), entry('B')] })
  await vi.waitFor(() => expect(watched.current().size).toBe(2), 10_000)
  watched.stop()
  expect(lines.join('\n')).not.toContain('secret')
})

test('a file that others may read is warned of', () => {
  write({ credentials: [] })
  chmodSync(path, 0o644)
  watchCredentials(path, log).stop()
  expect(lines[0]).toContain('can be read by other users')
})

test('a file that others can write is refused, at the start and later', async () => {
  write({ credentials: [entry('A')] })
  for (const mode of [0o620, 0o602, 0o666]) {
    chmodSync(path, mode)
    expect(() => readCredentials(path)).toThrow(/can be written by other users .*chmod go-w/)
  }
  chmodSync(path, 0o644)
  const watched = watchCredentials(path, log)
  write({ credentials: [entry('A'), entry('B')] })
  chmodSync(path, 0o666)
  await vi.waitFor(() => expect(lines.join()).toContain('not read again'), { timeout: 5000 })
  expect([...watched.current().keys()]).toEqual(['A'])
  watched.stop()
})
