import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { build } from '../../src/cli/prepare.mjs'
import { programPath } from './command-line.ts'

beforeAll(() => build(fileURLToPath(new URL('../..', import.meta.url)), () => {}), 120_000)

/** Each costs every node of every region its memory and a part of its start. */
it('a node that starts loads two packages beside its bundle, and no bundle has what is seldom needed', () => {
  const text = readFileSync(programPath, 'utf8')
  const imported = [...text.matchAll(/\bimport[^;("']*from ?["']([^"']+)["']/g)].map(([, from = '']) => from)
  const packages = imported.filter((from) => !/^(node:|\.)/.test(from) && !builtinModules.includes(from))
  expect([...new Set(packages)].toSorted()).toEqual(['lmdb', 'pino'])
  for (const seldom of ['X509CertificateGenerator', 'tsyringe', 'prettyFactory']) expect(text).not.toContain(seldom)
})
