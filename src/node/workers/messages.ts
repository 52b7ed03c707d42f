/** What a region's owner of the writes and its workers tell each other, beside the sockets that they hand over. */
import type { DataSecrets } from '../store/data-keys.ts'
import type { CertificateFiles } from '../../http/secure.ts'
import type { WayBackPlace } from '../../http/processes/way-back.ts'
import type { ObservingOptions } from '../observing/observing.ts'
import type { VisitorOptions } from '../../http/access/visitors.ts'
import type { Labels, MetricName } from '../../ports/meter.ts'

/** How a worker shakes hands, and gives connections back that are encrypted: a socket alone would be of no use to another process. */
export type WorkerTls = {
  readonly files: CertificateFiles
  /** In base64. */
  readonly ticketKeys: string
  readonly wayBack: WayBackPlace
}

export type WorkerStart = {
  readonly type: 'start'
  /** Of the store. */
  readonly folder: string
  readonly region: { readonly name: string; readonly number: number }
  readonly accountId: string
  readonly credentials: string | undefined
  readonly identities: string | undefined
  readonly access: 'off' | 'audit' | 'strict'
  /** Regions beside its own that signatures may be for. */
  readonly signedFor: readonly string[]
  readonly visitors: VisitorOptions
  /** The address that the region listens on. */
  readonly host: string
  /** The owner of the writes counts the capacity of tables: reads are its own then. */
  readonly countsCapacity: boolean
  /** What the store is encrypted with, if it is. */
  readonly dataKeys: DataSecrets | undefined
  readonly tls?: WorkerTls | undefined
  /** What it tells of the requests that it answers. */
  readonly observing: ObservingOptions
}

/** The regions of the deployment, and where clients reach them. */
export type RegionsTold = {
  readonly names: readonly string[]
  readonly endpoints: Readonly<Record<string, string>>
  /** Regions that are evacuated to this one. */
  readonly standsInFor: readonly string[]
}

export type ToWorker =
  | WorkerStart
  /** Before the start, and whenever they change. */
  | ({ readonly type: 'regions' } & RegionsTold)
  /** Before the start, and when it changes: whether faults are set on the region. */
  | { readonly type: 'faults'; readonly any: boolean }
  /** With a connection. */
  | { readonly type: 'connection' }
  /** Of the store, all of them; to be answered. */
  | { readonly type: 'keys'; readonly dataKeys: DataSecrets }
  | { readonly type: 'stop' }

export type Measured = {
  readonly counted: readonly (readonly [MetricName, Labels, number])[]
  readonly observed: readonly (readonly [MetricName, Labels, readonly number[]])[]
}

export type FromWorker =
  | { readonly type: 'ready' }
  /** It knows the keys that it was told last. */
  | { readonly type: 'keys' }
  /** It has been asked to end, and wants no further connection. */
  | { readonly type: 'leaving' }
  /** With a connection on which something came that is not for a worker; `received` in base64. */
  | { readonly type: 'connection'; readonly received: string }
  /** A request failed as if the store were damaged. */
  | {
      readonly type: 'failed'
      readonly error: string
      /** The damaged record's key, in base64. */ readonly record?: string
    }
  | ({ readonly type: 'measured' } & Measured)

/** The descriptor of the socket that requests are forwarded on. */
export const forwardingDescriptor = 4
