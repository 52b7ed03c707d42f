import { dirname, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, type Source, sources } from './sources.ts'

const own = sources('src')
const all = [...own, ...sources('test')]

/** Values that no other file imports. A type may be exported with the function whose parameters it names. */
const valuePattern = /^export (?:abstract )?(?:async )?(?:function\*?|class|const|let|enum) (\w+)/gm
const importPattern = /(?:import|export)\s+(?:type\s+)?(\*|[^'"*]*?\{[^}]*\}|\w+)[^'"{}]*?from\s+['"](\.[^'"]+)['"]/g
const lazyPattern = /import\(\s*['"](\.[^'"]+)['"]\s*\)/g

describe('exports and imports', () => {
  test('what is exported is imported by another file', () => {
    const used = usedNames(all)
    const dead = own.flatMap(({ path, text }) =>
      [...text.matchAll(valuePattern)]
        .map(([, name = '']) => name)
        .filter((name) => !used.has(`${path} ${name}`) && !used.has(`${path} *`))
        .map((name) => `${path} ${name}`),
    )
    expect(dead).toEqual([])
  })

  test('no files import each other in a circle, types included', () => expect(circles(own)).toEqual([]))
})

/** `path name` of each import; `path *` where all of a file is taken. */
function usedNames(files: readonly Source[]): Set<string> {
  const used = new Set<string>()
  for (const { path, text } of files) {
    const target = (name: string): string => relative(root, resolve(root, dirname(path), name))
    for (const [, what = '', from = ''] of text.matchAll(importPattern))
      for (const name of what === '*' ? ['*'] : namesIn(what)) used.add(`${target(from)} ${name}`)
    for (const [, from = ''] of text.matchAll(lazyPattern)) used.add(`${target(from)} *`)
  }
  return used
}

function namesIn(clause: string): string[] {
  const braced = /\{([^}]*)\}/.exec(clause)?.[1] ?? ''
  return braced.split(',').map((part) =>
    part
      .trim()
      .replace(/^type /, '')
      .replace(/ as .*/s, ''),
  )
}

/** Sets of files of which each reaches each other by imports (Tarjan's strongly connected components of two or more). */
function circles(files: readonly Source[]): string[][] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const found: string[][] = []
  const visit = (path: string): number => {
    order.set(path, order.size)
    let low = order.get(path) as number
    open.push(path)
    for (const next of byPath.get(path)?.imports ?? [])
      if (byPath.has(next) && !order.has(next)) low = Math.min(low, visit(next))
      else if (open.includes(next)) low = Math.min(low, order.get(next) as number)
    lowest.set(path, low)
    if (low === order.get(path)) {
      const circle = open.splice(open.indexOf(path))
      if (circle.length > 1) found.push(circle)
    }
    return low
  }
  for (const { path } of files) if (!order.has(path)) visit(path)
  return found
}
