/** The page of differences says what the data says, and each difference is held by a test that has it as its title. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Difference, differences } from './difference.ts'
import { page, pageText } from './page.ts'

test('docs/reference/differences.md is what the data says (npx tsx test/differences/page.ts writes it)', () => {
  expect(readFileSync(page, 'utf8')).toBe(pageText())
})

test.each(Object.entries<Difference>(differences))('%s is held by a test that has its title', (id, difference) => {
  const path = new URL(`../${difference.test}`, import.meta.url)
  expect(existsSync(path)).toBe(true)
  expect(readFileSync(path, 'utf8')).toMatch(
    new RegExp(`\\b(test|it)(\\.(?:each|runIf)\\([^;]*?\\))?\\(\\s*(\`\\$\\{)?differs\\('${id}'\\)`),
  )
  expect(difference.date).toMatch(/^20\d\d-(0\d|1[0-2])(-[0-3]\d)?$/)
  expect(Date.parse(difference.date)).toBeLessThanOrEqual(Date.now())
  for (const text of [difference.aws, difference.here, difference.why]) expect(text).toMatch(/^[A-Z`].*[.\]]$/)
})

test('no two differences are told in the same words', () => {
  const told = Object.values<Difference>(differences).map(({ here }) => here)
  expect(new Set(told).size).toBe(told.length)
})
