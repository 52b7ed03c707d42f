/** When this very process stood still, which a reader of its figures has to know. */
import type { Stall } from '../../definition/drill-record.ts'
import { nowMs } from '../time.ts'

const tickMs = 50
const stallMsLeast = 250

export function watchStalls(): { readonly seen: readonly Stall[]; stop(): void } {
  const seen: Stall[] = []
  let lastMs = nowMs()
  const timer = setInterval(() => {
    const atMs = nowMs()
    if (atMs - lastMs > tickMs + stallMsLeast) seen.push({ fromMs: lastMs + tickMs, toMs: atMs })
    lastMs = atMs
  }, tickMs).unref()
  return { seen, stop: () => clearInterval(timer) }
}
