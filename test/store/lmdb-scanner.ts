/**
 * Run by damaged-file.test.ts: opens files that the check has passed as LMDB opens them, reads all, writes, reads all again, and tells
 * what it has read of each. In a process of its own, since LMDB may end it.
 */
import { createHash } from 'node:crypto'
import { openDatabase } from '../../src/adapters/lmdb/lmdb-store.ts'

type LmdbDatabase = ReturnType<typeof openDatabase>

function digestOf(database: LmdbDatabase): string {
  const hash = createHash('sha256')
  let entries = 0
  for (const { key, value } of database.getRange({})) {
    hash.update(key).update(value)
    entries++
  }
  return `${entries} ${hash.digest('hex')}`
}

process.on('message', (path: string) => {
  const database = openDatabase(path)
  const read = async (): Promise<string> => {
    const before = digestOf(database)
    for (let n = 0; n < 30; n++)
      await database.batch(() => {
        for (let m = 0; m < 5; m++) void database.put(Buffer.from(`new ${n % 7} ${m}`), Buffer.alloc(3000 * m, n))
        void database.remove(Buffer.from(`new ${(n + 3) % 7} 1`))
      })
    const after = digestOf(database)
    await database.close()
    return `${before} ${after}`
  }
  void read().then((digest) => process.send?.(digest))
})
