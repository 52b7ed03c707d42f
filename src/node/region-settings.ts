/** What a region is started with, of the node's options. */
import { steppedClock, systemClock } from '../adapters/system/clocks.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { type ExpirySettings, usualExpiry } from '../readers/expiry/expiry.ts'
import { type StreamSettings, usualStreams } from '../readers/sweepers/change-streams.ts'

type Streams = { readonly streamRollMs?: number | undefined; readonly streamRetentionBytes?: number | undefined }
type Expiring = { readonly ttlDelay?: number; readonly ttlGrace?: number }

export function streamSettings({
  streamRollMs: rollMs,
  streamRetentionBytes: retentionBytes,
}: Streams): StreamSettings {
  return {
    ...usualStreams,
    ...(rollMs === undefined ? {} : { rollMs }),
    ...(retentionBytes === undefined ? {} : { retentionBytes }),
  }
}

export function expiryOf({ ttlDelay, ttlGrace }: Expiring): ExpirySettings {
  return { delaySeconds: ttlDelay ?? usualExpiry.delaySeconds, graceSeconds: ttlGrace ?? usualExpiry.graceSeconds }
}

type Clocked = { readonly clockFile?: string | undefined; readonly log: Log }

export function clockOf({ clockFile, log }: Clocked): Clock {
  if (clockFile === undefined) return systemClock
  return steppedClock(clockFile, (offsetMs) => log.warn('a drill has stepped the wall clock', { offsetMs }))
}
