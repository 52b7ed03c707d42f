/** The prose of the project, for engineers who read English quickly: counts that only fall. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, sources } from './sources.ts'

/** What is left of each; lower it with every text that is rewritten. */
const phrasesMax: Readonly<Record<string, number>> = {
  whoever: 33,
  nobody: 37,
  'is had': 0,
  anew: 14,
  'set aside': 5,
  'on its way': 10,
  'how-manieth': 0,
}
const longSentencesMax = { documents: 14, comments: 11 }
const wordsMax = 35

const documents = [
  ...markdownBelow('docs'),
  'README.md',
  'CHANGELOG.md',
  'src/ARCHITECTURE.md',
  'src/readers/replication/README.md',
  'test/simulation/README.md',
].map((path) => ({ path, text: prose(readFileSync(join(root, path), 'utf8')) }))
const comments = sources('src').map(({ path, text }) => ({ path, text: commentsOf(text) }))

describe('plain English', () => {
  test.each(Object.entries(phrasesMax))('"%s" gives way to who does what', (phrase, max) => {
    const found = count([...documents, ...comments], new RegExp(`\\b${phrase}\\b`, 'gi'))
    expect(
      found,
      `"${phrase}" stands ${found} times; ${max} are left. Name the actor and the action.`,
    ).toBeLessThanOrEqual(max)
  })

  test.each([
    ['documents', documents],
    ['comments', comments],
  ] as const)(`the %s have few sentences of more than ${wordsMax} words`, (kind, texts) => {
    const long = texts.flatMap(({ path, text }) =>
      sentencesOf(text)
        .filter(isLong)
        .map((each) => `${path}: ${each}`),
    )
    expect(long.length, long.slice(0, 3).join('\n')).toBeLessThanOrEqual(longSentencesMax[kind])
  })
})

function markdownBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => relative(root, join(root, folder, name)))
}

/** Without code, tables and pictures, which are no sentences. */
function prose(text: string): string {
  return text
    .replaceAll(/```[\s\S]*?```/g, '\n\n')
    .replaceAll(/^(\||#| {4}).*$/gm, '\n')
    .replaceAll(/^\s*([-*]|\d+\.) /gm, '\n\n')
}

function commentsOf(text: string): string {
  return [...text.matchAll(/\/\*\*?([\s\S]*?)\*\/|^\s*\/\/ (.*)$/gm)]
    .map(([, block, line]) => (block ?? line ?? '').replaceAll(/^\s*\* ?/gm, ' ').replaceAll(/^ {3,}.*$/gm, '\n\n'))
    .join('\n\n')
}

function sentencesOf(text: string): readonly string[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => paragraph.replaceAll(/\s+/g, ' ').split(/(?<=[.!?:;])\s/))
}

function isLong(sentence: string): boolean {
  return sentence.split(' ').filter((word) => /\w/.test(word)).length > wordsMax
}

function count(texts: readonly { readonly text: string }[], pattern: RegExp): number {
  return texts.reduce((sum, { text }) => sum + [...text.matchAll(pattern)].length, 0)
}
