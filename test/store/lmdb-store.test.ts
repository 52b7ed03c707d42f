import { type ChildProcess, fork } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLmdbStore } from '../../src/adapters/lmdb/lmdb-store.ts'
import type { Store } from '../../src/ports/store.ts'
import { storeContract } from './contract.ts'

const folderOf = (): Promise<string> => mkdtemp(join(tmpdir(), 'longitude-store-'))

storeContract('lmdb store', async () => {
  const folder = await folderOf()
  let store: Store = await openLmdbStore(folder)
  return {
    store,
    reopen: async () => {
      await store.close()
      return (store = await openLmdbStore(folder))
    },
    remove: async () => {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
})

describe('lmdb store on its disk', () => {
  let folder: string
  let child: ChildProcess | undefined

  beforeEach(async () => {
    folder = await folderOf()
  })

  afterEach(async () => {
    child?.kill('SIGKILL')
    child = undefined
    await rm(folder, { recursive: true, force: true })
  })

  /** A process that writes numbered batches of ten entries and reports each number once it is durable. */
  const startWriter = (): Promise<ChildProcess> => {
    child = fork(join(import.meta.dirname, 'lmdb-writer.ts'), [folder], { execArgv: ['--import', 'tsx'] })
    const started = child
    return new Promise((resolve) => {
      started.once('message', () => resolve(started))
    })
  }

  it('has every acknowledged batch whole, and no part of another, after its process was killed', async () => {
    for (let life = 0; life < 3; life++) {
      const writer = await startWriter()
      let acknowledged = 0
      writer.on('message', (number: number) => (acknowledged = number))
      const exited = new Promise<void>((resolve) => {
        writer.once('exit', () => resolve())
      })
      await new Promise<void>((resolve) => {
        writer.on('message', (number: number) => {
          if (number % 97 === 0) resolve()
        })
      })
      writer.kill('SIGKILL')
      await exited
      const store = await openLmdbStore(folder)
      const numbers = [...store.entries({ from: Buffer.from('n'), to: Buffer.from('o') })].map(({ value }) =>
        Number(value),
      )
      await store.close()
      const last = Math.max(...numbers)
      expect(last).toBeGreaterThanOrEqual(acknowledged)
      expect(numbers).toEqual(Array.from({ length: 10 }, () => last))
    }
  })

  it('is refused to a second process, and given to the next once the first is gone', async () => {
    const writer = await startWriter()
    await expect(openLmdbStore(folder)).rejects.toThrow('Another process is using the folder')
    const exited = new Promise<void>((resolve) => {
      writer.once('exit', () => resolve())
    })
    writer.kill('SIGKILL')
    await exited
    await (await openLmdbStore(folder)).close()
  })

  it('is refused to the same process, too', async () => {
    const store = await openLmdbStore(folder)
    await expect(openLmdbStore(folder)).rejects.toThrow('Another process is using the folder')
    await store.close()
  })

  it('takes a folder with a very long path', async () => {
    const long = join(folder, 'a'.repeat(120), 'b'.repeat(120))
    const store = await openLmdbStore(long)
    await expect(openLmdbStore(long)).rejects.toThrow('Another process')
    await store.close()
    await (await openLmdbStore(long)).close()
  })

  it('does not touch a folder of something else', async () => {
    await writeFile(join(folder, 'thesis.txt'), 'mine')
    await expect(openLmdbStore(folder)).rejects.toThrow('not a region')
  })

  it('says so when the data is of another version', async () => {
    await writeFile(join(folder, 'LONGITUDE'), 'longitude store, format 2\n')
    await expect(openLmdbStore(folder)).rejects.toThrow('of a version that this one cannot read')
  })

  it('says so when the data is damaged', async () => {
    const store = await openLmdbStore(folder)
    for (let n = 0; n < 20; n++) await store.write([{ key: Buffer.of(n + 1), value: Buffer.alloc(1_000_000, n) }])
    await store.close()
    await truncate(join(folder, 'data.mdb'), 5_000_000)
    await expect(openLmdbStore(folder)).rejects.toThrow('the file ends before it')
    await writeFile(join(folder, 'data.mdb'), Buffer.alloc(64 * 1024, 0x5a))
    await expect(openLmdbStore(folder)).rejects.toThrow('it is no meta page')
  })

  it('says so when the folder is a file, or cannot be written', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(openLmdbStore(join(folder, 'file'))).rejects.toThrow('is not a folder')
    if (process.getuid?.() === 0) return
    await mkdir(join(folder, 'closed'))
    await chmod(join(folder, 'closed'), 0o500)
    await expect(openLmdbStore(join(folder, 'closed'))).rejects.toThrow('cannot be written')
  })
})
