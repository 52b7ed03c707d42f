/** All records of a store in the order of their keys, some at a time. */
import type { Edit, Store } from '../../ports/store.ts'

export type RecordBounds = { readonly recordsMax: number; /** One record may lie on top. */ readonly bytesMax: number }

const beyondAll = Buffer.alloc(8, 0xff)

export function* recordsOf(
  store: Pick<Store, 'entries'>,
  { recordsMax, bytesMax }: RecordBounds,
): Generator<readonly (Edit & { readonly key: Buffer; readonly value: Buffer })[]> {
  let from: Buffer = Buffer.of(0)
  for (;;) {
    const batch: { readonly key: Buffer; readonly value: Buffer }[] = []
    let sizeBytes = 0
    for (const { key, value } of store.entries({ from, to: beyondAll, limit: recordsMax })) {
      batch.push({ key: Buffer.from(key), value: Buffer.from(value) })
      sizeBytes += key.length + value.length
      if (sizeBytes >= bytesMax) break
    }
    const last = batch.at(-1)
    if (last === undefined) return
    yield batch
    from = Buffer.concat([last.key, Buffer.of(0)])
  }
}
