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

/** A command of a block, and what it printed. */
export type Step = { readonly args: readonly string[]; readonly lines: readonly string[] }

/** A block of commands with what each printed below it; a line of `…` stands for more of them. */
export function stepsOf(document: string, name: string): readonly Step[] {
  const [, ...parts] = outputOf(document, name).split(/^\$ longitude /m)
  return parts.map((part) => {
    const [command = '', ...lines] = part.split('\n')
    return { args: wordsOf(command), lines: lines.filter((line) => !/^\s*…?\s*$/.test(line)) }
  })
}

/** Of a command line, without its comment. */
export function wordsOf(command: string): readonly string[] {
  return [...command.replace(/(^|\s)#.*/, '').matchAll(/'[^']*'|"[^"]*"|\S+/g)].map(([word]) =>
    word.replaceAll(/^['"]|['"]$/g, ''),
  )
}

/** The lines that are not among those that were printed, by their shapes. */
export function notPrinted(lines: readonly string[], printed: string): readonly string[] {
  const shapes = new Set(printed.split('\n').map(shapeOf))
  return lines.map(shapeOf).filter((shape) => !shapes.has(shape))
}

/** What stays when a command runs again: times, counts, sizes, ids, ports and the space between columns do not. */
export function shapeOf(text: string): string {
  return text
    .replaceAll(/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b|\b[\da-f]{8}\b/g, '#')
    .replaceAll(/\d+(?:\.\d+)?/g, '#')
    .replaceAll(/# [kMG]?B\b/g, '# bytes')
    .replaceAll(/[ \t]+/g, ' ')
    .trim()
}
