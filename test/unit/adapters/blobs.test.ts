/** One contract for blobs in a folder and in memory. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { FolderBlobs } from '../../../src/adapters/files/folder-blobs.ts'
import { BlobShelf, MemoryBlobs } from '../../../src/adapters/memory/memory-blobs.ts'
import { type Blobs, BlobsFailed } from '../../../src/ports/blobs.ts'

const folders: string[] = []
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'longitude-blobs-'))
  folders.push(folder)
  return folder
}

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

const kinds: readonly (readonly [string, () => Blobs])[] = [
  ['a folder', () => new FolderBlobs(newFolder())],
  ['memory', () => new MemoryBlobs()],
]

describe.each(kinds)('blobs in %s', (_, make) => {
  test('what was put is read, whole and in ranges, and is replaced', async () => {
    const blobs = make()
    await blobs.put('a/b', Buffer.from('hello world'))
    expect(await blobs.get('a/b')).toEqual(Buffer.from('hello world'))
    expect(await blobs.get('a/b', { from: 6, to: 8 })).toEqual(Buffer.from('wo'))
    expect(await blobs.get('a/b', { from: 6, to: 800 })).toEqual(Buffer.from('world'))
    await blobs.put('a/b', Buffer.from('other'))
    expect(await blobs.get('a/b')).toEqual(Buffer.from('other'))
  })

  test('what is not there is undefined, and can be deleted', async () => {
    const blobs = make()
    await blobs.delete('none')
    await blobs.put('one', Buffer.from('1'))
    await blobs.delete('one')
    expect(await blobs.get('one')).toBeUndefined()
    expect(await blobs.list('', '', 10)).toEqual([])
  })

  test('names are listed in order, by their beginning, in pages', async () => {
    const blobs = make()
    for (const name of ['b/2', 'b/1', 'a', 'b/10', 'bb']) await blobs.put(name, Buffer.alloc(0))
    expect(await blobs.list('b/', '', 10)).toEqual(['b/1', 'b/10', 'b/2'])
    expect(await blobs.list('b/', 'b/1', 1)).toEqual(['b/10'])
    expect(await blobs.list('', '', 10)).toEqual(['a', 'b/1', 'b/10', 'b/2', 'bb'])
  })

  test('no name leads out of it', async () => {
    const blobs = make()
    for (const name of ['../x', 'a/../b', '/x', '.new/0', 'a//b', ''])
      await expect(blobs.put(name, Buffer.alloc(0)).then(() => undefined)).rejects.toThrow('is a name')
  })
})

describe('blobs in a folder', () => {
  test('what a process has left unpublished is never listed, and goes', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, '.new'))
    writeFileSync(join(folder, '.new', '0'), 'half')
    const blobs = new FolderBlobs(folder)
    expect(await blobs.list('', '', 10)).toEqual([])
    await blobs.put('a', Buffer.from('1'))
    expect(readdirSync(join(folder, '.new'))).toEqual([])
  })

  test('a folder that cannot be written fails by its path, and works once it can be', async () => {
    const folder = join(newFolder(), 'below')
    writeFileSync(folder, 'a file')
    const blobs = new FolderBlobs(folder)
    await expect(blobs.put('a', Buffer.from('1'))).rejects.toThrow(BlobsFailed)
    rmSync(folder)
    await blobs.put('a', Buffer.from('1'))
    expect(await blobs.get('a')).toEqual(Buffer.from('1'))
  })
})

describe('blobs in memory', () => {
  test('lose and tear blobs as their owner says, and fail before they take effect', async () => {
    const shelf = new BlobShelf()
    let failure: Error | undefined
    const blobs = new MemoryBlobs({
      shelf,
      before: () => (failure === undefined ? Promise.resolve() : Promise.reject(failure)),
    })
    await blobs.put('a', Buffer.from('12345'))
    await blobs.put('b', Buffer.from('12345'))
    expect(shelf.loseLast()).toBe('b')
    shelf.tear('a', 2)
    failure = new BlobsFailed('down')
    await expect(blobs.put('c', Buffer.alloc(0))).rejects.toThrow('down')
    failure = undefined
    expect(await new MemoryBlobs({ shelf }).list('', '', 10)).toEqual(['a'])
    expect(await blobs.get('a')).toEqual(Buffer.from('12'))
  })
})
