/** When the certificates that a node shows end: on /metrics always, and in the log from a month before. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Log } from '../../../ports/log.ts'
import type { Meter } from '../../../ports/meter.ts'
import { messageOf } from '../../../process/failure.ts'

export type ShownCertificate = { readonly use: 'nats' | 'endpoint'; readonly path: string }

const lookMs = 30_000
const tellMs = 6 * 60 * 60 * 1000
const warningMs = 30 * 24 * 60 * 60 * 1000

/** Returns how to stop it. */
export function watchCertificates(
  shown: readonly ShownCertificate[],
  { log, meter }: { readonly log: Log; readonly meter: Meter },
): () => void {
  let toldMs = -Infinity
  const look = (): void => {
    const isTelling = Date.now() - toldMs >= tellMs
    if (isTelling) toldMs = Date.now()
    for (const { use, path } of shown) {
      try {
        const endMs = Date.parse(new X509Certificate(readFileSync(path)).validTo)
        meter.gauge('longitude_certificate_end_seconds', endMs / 1000, { use })
        if (!isTelling) continue
        const leftMs = endMs - Date.now()
        const fields = { use, path, end: new Date(endMs).toISOString() }
        if (leftMs < 0) log.error('the certificate has ended', fields)
        else if (leftMs < warningMs) log.warn('the certificate is about to end', fields)
      } catch (error) {
        if (isTelling) log.error('the certificate cannot be read', { use, path, error: messageOf(error) })
      }
    }
  }
  look()
  const timer = setInterval(look, lookMs).unref()
  return () => clearInterval(timer)
}
