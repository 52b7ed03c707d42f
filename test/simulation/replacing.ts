/** Puts bugs in from outside: whoever imports the module afterwards gets its exports with the changed ones among them. */
import { existsSync } from 'node:fs'
import { vi } from 'vitest'

const replaced = new Set<string>()

/** `path` is relative to this folder. Throws where no such file is: a bug that is put in nowhere would be found nowhere. */
export function replace(path: string, change: (actual: Record<string, unknown>) => Record<string, unknown>): void {
  if (!existsSync(new URL(path, import.meta.url))) throw new Error(`no module ${path} to put a bug in`)
  replaced.add(path)
  vi.doMock(path, async (original) => {
    const actual = await original<Record<string, unknown>>()
    return { ...actual, ...change(actual) }
  })
}

/** Takes all of them out again, for modules that are imported from now on. */
export function restoreReplaced(): void {
  for (const path of replaced) vi.doUnmock(path)
  replaced.clear()
}
