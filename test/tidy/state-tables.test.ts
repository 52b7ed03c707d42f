import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { page, pageWithStates } from './state-tables.ts'

test('docs/design/replication.md has the tables of states that the code runs on (npx tsx test/tidy/state-tables.ts writes them)', () => {
  expect(readFileSync(page, 'utf8')).toBe(pageWithStates())
})
