/** The disk's limit: durable puts of one item's size into a bare LMDB environment, so many of them under way at once. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'lmdb'
import { itemOf } from './requests.ts'

export type PutsOrder = { readonly ms: number; readonly underWay: number; readonly items: number }
export type PutsResult = {
  readonly count: number
  readonly ms: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuMs: number
}

const folder = join(process.argv[2] ?? '', 'lmdb')
mkdirSync(folder)
const database = open<Buffer, Buffer>({
  path: join(folder, 'data.mdb'),
  noSubdir: true,
  pageSize: 8192,
  overlappingSync: false,
  encoding: 'binary',
  keyEncoding: 'binary',
})
const value = Buffer.from(JSON.stringify(itemOf(1)))

async function puts({ ms, underWay, items }: PutsOrder): Promise<PutsResult> {
  const latencies: number[] = []
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  let n = 0
  const one = async (): Promise<void> => {
    while (performance.now() - startedMs < ms) {
      const key = Buffer.alloc(16)
      key.writeUInt32BE((n++ * 7919) % items, 12)
      const sentMs = performance.now()
      await database.put(key, value)
      latencies.push(performance.now() - sentMs)
    }
  }
  await Promise.all(Array.from({ length: underWay }, one))
  const sorted = Float64Array.from(latencies).toSorted()
  const { user, system } = process.cpuUsage(cpu)
  return {
    count: latencies.length,
    ms: performance.now() - startedMs,
    p50Ms: sorted[Math.floor(sorted.length / 2)] ?? 0,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    cpuMs: (user + system) / 1000,
  }
}

process.on('message', (order: PutsOrder) => {
  void puts(order).then((result) => process.send?.(result))
})
process.once('disconnect', () => process.exit(0))
process.send?.({ type: 'ready' })
