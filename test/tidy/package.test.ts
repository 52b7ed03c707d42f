import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from './sources.ts'

type Target = string | { readonly [condition: string]: Target }
const { name, exports, files, scripts, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly name: string
  readonly exports: Readonly<Record<string, Target>>
  readonly files: readonly string[]
  readonly scripts: Readonly<Record<string, string>>
  readonly bin: Readonly<Record<string, string>>
}
const texts = ['README.md', 'CHANGELOG.md', ...below('docs'), ...below('examples')]
  .filter((path) => /\.(md|ts|mjs|cjs|js|json|py)$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

describe('the package', () => {
  test('has a name in a scope: the bare one is another project’s', () => {
    expect(name).toMatch(/^@[a-z-]+\/[a-z-]+$/)
  })

  test('is named as package.json names it in every text and example', () => {
    const imported = /(?:from|import|require)\(? ?['"](@longitude[^'"]*|longitude(?:\/[^'"]*)?)['"]/g
    const wrong = texts.flatMap(({ path, text }) =>
      [...text.matchAll(imported)]
        .map(([, given = '']) => given)
        .filter((given) => exports[given.replace(name, '.')] === undefined)
        .map((given) => `${path}: ${given}`),
    )
    expect(wrong).toEqual([])
  })

  test('is never asked of a registry by the bare name', () => {
    const bare = /npm (?:i|install|add) (?:-\S+ )*longitude\b|npx (?:-\S+ )*longitude@/
    expect(texts.filter(({ text }) => bare.test(text)).map(({ path }) => path)).toEqual([])
  })

  test('exports what the bundle makes, and carries what it starts', () => {
    const bundle = readFileSync(join(root, 'src/cli/bundle.mjs'), 'utf8')
    const targets = Object.values(exports)
      .flatMap(targetsOf)
      .filter((path) => path !== './package.json')
    for (const target of targets) {
      const [, entrance = ''] = /^\.\/dist\/package\/([a-z-]+)\.(js|cjs|d\.ts|d\.cts)$/.exec(target) ?? []
      expect(bundle, target).toMatch(new RegExp(`^  '?${entrance}'?: '`, 'm'))
    }
    for (const path of Object.values(bin)) expect(files).toContain(path)
    for (const path of files)
      expect(path.startsWith('dist') || path.startsWith('!') || existsSync(join(root, path))).toBe(true)
  })

  test('runs no script of ours when it is installed', () => {
    const atInstall = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']
    expect(Object.keys(scripts).filter((script) => atInstall.includes(script))).toEqual([])
  })
})

function targetsOf(target: Target): readonly string[] {
  return typeof target === 'string' ? [target] : Object.values(target).flatMap(targetsOf)
}

function below(folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.includes('node_modules'))
    .map((path) => join(folder, path))
}
