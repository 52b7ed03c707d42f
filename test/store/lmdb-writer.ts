/** Run by lmdb-store.test.ts: writes batches until it is killed, and tells of each that is durable. */
import { openLmdbStore } from '../../src/adapters/lmdb/lmdb-store.ts'

const store = await openLmdbStore(process.argv[2] ?? '')
const [last] = [...store.entries({ from: Buffer.from('n'), to: Buffer.from('o') })]

for (let number = Number(last?.value ?? 0) + 1; ; number++) {
  const value = Buffer.from(String(number))
  // Kilobytes beside the entries that are checked, so that a batch takes its time.
  const ballast = { key: Buffer.from(`b${number % 50}`), value: Buffer.alloc(20_000, number % 250) }
  await store.write([...Array.from({ length: 10 }, (_, n) => ({ key: Buffer.from(`n${n}`), value })), ballast])
  process.send?.(number)
}
