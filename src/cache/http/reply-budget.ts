/**
 * Bytes of the region's replies that a cache has not received whole. Beyond the budget only the oldest reply is read on, and the others wait in their
 * connections: so all of them arrive, and their bytes are bounded by the budget and one reply.
 */
import { cacheUpstreamBytesMax } from '../../core/limits/limits.ts'

export type Arriving = { pause(): unknown; resume(): unknown }

type Held = { readonly from: Arriving; sizeBytes: number; paused: boolean }

export class ReplyBudget {
  readonly #bytesMax: number
  /** In the order in which they began. */
  readonly #arriving = new Set<Held>()
  #heldBytes = 0

  constructor(bytesMax = cacheUpstreamBytesMax) {
    this.#bytesMax = bytesMax
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  begin(from: Arriving): { readonly add: (bytes: number) => void; readonly end: () => void } {
    const held: Held = { from, sizeBytes: 0, paused: false }
    this.#arriving.add(held)
    return {
      add: (bytes) => {
        held.sizeBytes += bytes
        this.#heldBytes += bytes
        if (this.#heldBytes > this.#bytesMax && !this.#isOldest(held)) this.#pause(held)
      },
      end: () => {
        if (!this.#arriving.delete(held)) return
        this.#heldBytes -= held.sizeBytes
        this.#readOn()
      },
    }
  }

  #isOldest(held: Held): boolean {
    const [oldest] = this.#arriving
    return held === oldest
  }

  #pause(held: Held): void {
    held.paused = true
    held.from.pause()
  }

  #readOn(): void {
    for (const held of this.#arriving) {
      if (this.#heldBytes > this.#bytesMax && !this.#isOldest(held)) return
      if (held.paused) held.from.resume()
      held.paused = false
    }
  }
}
