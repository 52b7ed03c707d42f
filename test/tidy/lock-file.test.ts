import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Locked = { readonly version: string; readonly integrity?: string; readonly resolved?: string }
const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>
}
const packages = Object.entries(lock.packages).filter(([path]) => path !== '')

test('every package of the lock file is known by its content, those of other platforms too', () => {
  expect(packages.length).toBeGreaterThan(100)
  const unknown = packages.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''))
  // Filled in by: npm view NAME@VERSION dist.integrity
  expect(unknown.map(([path]) => path)).toEqual([])
})

test('the lock file names no registry: each machine asks its own', () => {
  expect(packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
})
