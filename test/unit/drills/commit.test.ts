import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { commitOf } from '../../../src/process/source-commit.ts'

const commit = '0123456789abcdef0123456789abcdef01234567'
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longitude-commit-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), text)
}

test('an image is told its commit; anything else that it is told counts for nothing', () => {
  expect(commitOf(folder, commit)).toBe(commit)
  expect(commitOf(folder, 'main; rm')).toBe('unknown')
})

test('a clone tells it, by a branch, a packed branch or itself', () => {
  write('.git/HEAD', 'ref: refs/heads/main\n')
  expect(commitOf(folder, undefined)).toBe('unknown')
  write('.git/packed-refs', `# pack\n${commit} refs/heads/main\n`)
  expect(commitOf(folder, undefined)).toBe(commit)
  write('.git/refs/heads/main', `${'a'.repeat(40)}\n`)
  expect(commitOf(folder, undefined)).toBe('a'.repeat(40))
  write('.git/HEAD', `${commit}\n`)
  expect(commitOf(folder, undefined)).toBe(commit)
})

test('a worktree is followed to its clone', () => {
  write('tree/.git', `gitdir: ${join(folder, 'clone/worktrees/tree')}\n`)
  write('clone/worktrees/tree/HEAD', 'ref: refs/heads/w\n')
  write('clone/worktrees/tree/commondir', '../..\n')
  write('clone/refs/heads/w', `${commit}\n`)
  expect(commitOf(join(folder, 'tree'), undefined)).toBe(commit)
})
