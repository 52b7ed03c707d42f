/** A flood of writes, more connections than may have a request under way: how much memory it takes, and how soon one client is well again. */
import { type Load, memoryMegabytesOf, type NodeChild } from './children.ts'
import { rounded } from './figures.ts'

const floodConnections = 6000
const memoryEveryMs = 50
const lookMs = 100
const looksMax = 50
/** One client is well again when it waits at the median less than so many times what it waited before. */
const wellTimes = 2

export async function measureOverload(
  load: Load,
  { port, pid }: NodeChild,
  requests: readonly Buffer[],
  ms: number,
): Promise<Record<string, number>> {
  const one = { port, connections: 1, requests }
  await load.run({ ...one, ms: 1000 })
  const before = await load.run({ ...one, ms: 1000 })
  let memory = 0
  const watching = setInterval(() => {
    memory = Math.max(memory, memoryMegabytesOf(pid))
  }, memoryEveryMs)
  const flood = await load.run({ port, connections: floodConnections, requests, ms })
  clearInterval(watching)

  const endedMs = performance.now()
  let after = await load.run({ ...one, ms: lookMs })
  for (let looks = 1; after.p50Ms > before.p50Ms * wellTimes && looks < looksMax; looks++)
    after = await load.run({ ...one, ms: lookMs })
  return {
    'flood, connections': floodConnections,
    'flood, answers a second': Math.round((flood.count / flood.ms) * 1000),
    'flood, throttled, %': rounded((flood.throttled / flood.count) * 100),
    'flood, failed otherwise': flood.failed - flood.throttled,
    'flood, most memory, MB': rounded(memory),
    'p50 of one client before the flood, ms': rounded(before.p50Ms),
    [`p50 below ${wellTimes} times that, ms after the flood`]: Math.round(performance.now() - endedMs),
  }
}
