import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { page, pageWithTables } from './option-tables.ts'

test('docs/reference/configuration.md has every option and every command, and no other (npx tsx test/tidy/option-tables.ts writes them)', () => {
  expect(readFileSync(page, 'utf8')).toBe(pageWithTables())
})
