import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { pinoLog } from '../../../src/adapters/system/pino-log.ts'
import { isReadable } from '../../../src/process/role.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function logged(readable: boolean): Promise<string> {
  const path = join(folder, String(readable))
  const descriptor = openSync(path, 'w')
  const log = await pinoLog({ level: 'info', readable, descriptor, fields: { region: 'us-east-1' } })
  log.info('listening', { url: 'http://127.0.0.1:8000' })
  closeSync(descriptor)
  return readFileSync(path, 'utf8')
}

test.each([
  ['text, in a terminal and outside', {}, false, true],
  ['JSON with --json', {}, true, false],
  ['JSON when it is asked for', { logFormat: 'json' as const }, false, false],
  ['text when it is asked for', { logFormat: 'text' as const }, true, true],
])('a log is %s', (_what, options, json, readable) => {
  expect(isReadable(options, json)).toBe(readable)
})

test('text outside a terminal is as in one, without colours', async () => {
  const text = await logged(true)
  expect(text).toMatch(/INFO: us-east-1 +listening .*"url":"http:\/\/127.0.0.1:8000"/)
  expect(text).not.toContain('\u001b')
})

test('JSON is a line each', async () => {
  expect(JSON.parse(await logged(false))).toMatchObject({ level: 'info', region: 'us-east-1', event: 'listening' })
})
