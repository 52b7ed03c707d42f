/** The audit log: what is in it, how it is followed by another file, and what it does when it cannot be written. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { auditBufferBytesMax, auditFilesMax } from '../../../src/core/limits/access-limits.ts'
import { AuditFile } from '../../../src/node/audit-file.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'longitude-audit-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const told: string[] = []
const log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (event: string) => void told.push(event),
  with: () => log,
}
const clock = { wallMs: () => 0 }
const entry = { operation: 'DeleteTable', outcome: 'ok', requestId: 'r', resources: ['Orders'] }
const at = (path: string, fileBytesMax?: number) =>
  new AuditFile({
    path,
    region: 'us-east-1',
    data: false,
    clock,
    log,
    ...(fileBytesMax === undefined ? {} : { fileBytesMax }),
  })
const linesOf = (path: string): readonly unknown[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)

test('a line for each entry, in a file of the owner’s own', async () => {
  const path = join(folder, 'audit.log')
  const audit = at(path)
  audit.write(entry)
  await audit.stop()
  expect(linesOf(path)).toEqual([{ time: '1970-01-01T00:00:00.000Z', region: 'us-east-1', ...entry }])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a large file is followed by another, and only a few are kept', async () => {
  const audit = at(join(folder, 'audit.log'), 10)
  for (let n = 0; n < auditFilesMax + 3; n++) {
    audit.write({ ...entry, requestId: `${n}` })
    await audit.flush()
  }
  await audit.stop()
  expect(readdirSync(folder).toSorted()).toEqual([
    'audit.log',
    ...Array.from({ length: auditFilesMax - 1 }, (_, n) => `audit.log.${n + 1}`),
  ])
  expect(linesOf(join(folder, 'audit.log.1'))).toMatchObject([{ requestId: `${auditFilesMax + 1}` }])
})

test('what is too much, or cannot be written, is counted and told', async () => {
  const path = join(folder, 'audit.log')
  const full = at(path)
  const large = { ...entry, userAgent: 'x'.repeat(auditBufferBytesMax / 2) }
  for (let n = 0; n < 3; n++) full.write(large)
  await full.stop()
  expect(linesOf(path).at(-1)).toEqual({ lost: 2 })
  const nowhere = at(join(folder, 'none', 'audit.log'))
  nowhere.write(entry)
  await nowhere.stop()
  expect(told).toEqual(['the audit log cannot be written'])
})
