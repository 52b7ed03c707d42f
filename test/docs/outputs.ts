/**
 * Blocks of output and of code in the documents, as they stand there. A comment before a block says what it is:
 *
 *   <!-- output: demo, 2026-11-30 -->                  what a command printed on that day; a test compares its shape with what it prints now
 *   <!-- excerpt: examples/vitest/orders.test.js -->   lines of a file that runs somewhere else
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../tidy/sources.ts'

export type Block = { readonly kind: 'output' | 'excerpt'; readonly name: string; readonly text: string }

const blockPattern = /^<!-- (output|excerpt): ([^,\s]+)(?:, \d{4}-\d\d-\d\d)? -->\n```\w*\n([\s\S]*?)^```$/gm

export function blocksOf(document: string): readonly Block[] {
  const text = readFileSync(join(root, document), 'utf8')
  return [...text.matchAll(blockPattern)].map(([, kind, name = '', body = '']) => ({
    kind: kind === 'excerpt' ? 'excerpt' : 'output',
    name,
    text: body,
  }))
}

export function outputOf(document: string, name: string): string {
  const found = blocksOf(document).find((block) => block.kind === 'output' && block.name === name)
  if (found === undefined) throw new Error(`${document} has no block "output: ${name}"`)
  return found.text
}

/** What stays when a command runs again: times, counts, ports and the space between columns do not. */
export function shapeOf(text: string): string {
  return text
    .replaceAll(/\d+(?:\.\d+)?/g, '#')
    .replaceAll(/[ \t]+/g, ' ')
    .trim()
}
