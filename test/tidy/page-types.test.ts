/** The console's page is for browsers, so it has a configuration of its own. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

test("the types of the console's page are right", () => {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', join(root, 'src/console/page')], { encoding: 'utf8' })
  expect(stdout).toBe('')
})
