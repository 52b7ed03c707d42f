import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as measured from './global-tables-measured.ts'
import * as lostWrites from './lost-writes/page.ts'

test('each way to lose a write ends as its page says (npx tsx test/docs/lost-writes/page.ts writes it)', async () => {
  expect(readFileSync(lostWrites.page, 'utf8')).toBe(await lostWrites.pageText())
})

test('global tables do what their page says (npx tsx test/docs/global-tables-measured.ts writes it)', async () => {
  expect(readFileSync(measured.page, 'utf8')).toBe(await measured.pageText())
})
