/** The pages of docs/: each stands in one of five parts and in the index, and no link of any document leads to nothing. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

const parts = ['start', 'concepts', 'coding', 'operating', 'reference']

const pages = below('docs').filter((path) => path.endsWith('.md'))
const documents = [
  ...pages,
  'README.md',
  'CHANGELOG.md',
  'src/ARCHITECTURE.md',
  'src/readers/replication/README.md',
  'test/simulation/README.md',
  'examples/README.md',
]

test('a page belongs to one of the five parts, to the design or is the index', () => {
  const homeless = below('docs').filter((path) => !/^docs\/README\.md$/.test(path) && !isHome(path.split('/')[1]))
  expect(homeless).toEqual([])
})

test('docs/README.md names every page', () => {
  const named = new Set(linksOf('docs/README.md').map(({ path }) => path))
  expect(pages.filter((path) => parts.includes(path.split('/')[1] ?? '') && !named.has(path))).toEqual([])
})

test('every link to a file leads to one, and to a heading that it has', () => {
  const broken = documents.flatMap((from) =>
    linksOf(from)
      .filter(({ path, heading }) => !existsSync(join(root, path)) || !hasHeading(path, heading))
      .map(({ written }) => `${from}: ${written}`),
  )
  expect(broken).toEqual([])
})

function isHome(folder: string | undefined): boolean {
  return folder === 'design' || parts.includes(folder ?? '')
}

function below(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
}

type Link = { readonly written: string; readonly path: string; readonly heading: string | undefined }

function linksOf(from: string): readonly Link[] {
  const text = withoutCode(readFileSync(join(root, from), 'utf8'))
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((written) => {
      const [path = '', heading] = written.split('#')
      return { written, path: path === '' ? from : normalize(join(dirname(from), path)), heading }
    })
}

function hasHeading(path: string, heading: string | undefined): boolean {
  if (heading === undefined || !path.endsWith('.md')) return true
  const text = withoutCode(readFileSync(join(root, path), 'utf8'))
  return [...text.matchAll(/^#+ (.+)$/gm)].some(([, title]) => anchorOf(title ?? '') === heading)
}

/** As GitHub writes the anchor of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-')
}

function withoutCode(text: string): string {
  return text.replaceAll(/```[\s\S]*?```/g, '').replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ''))
}
