/** The rows of a table that two regions compare by their digests. */
import type { ClockState } from '../hybrid-logical-clock/hybrid-logical-clock.ts'

/** Keys in base64. */
export type DigestRange = {
  readonly after?: string
  readonly upTo?: string
  readonly watermark: ClockState
}
