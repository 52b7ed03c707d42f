/** What a region's node is started with. */
import type { TimingName } from '../core/table/waits.ts'
import type { Region as RegionName } from '../core/topology.ts'
import type { ShownCertificate } from '../deployment/secrets/certificates/certificate-watch.ts'
import type { NatsAccess } from '../deployment/secrets/nats/nats-access.ts'
import type { RegionEntry } from '../deployment/regions.ts'
import type { VisitorOptions } from '../http/access/visitors.ts'
import type { PortCertificate } from '../http/secure.ts'
import type { AccessMode } from '../operations/access/authorizer.ts'
import type { CapacitySettings } from '../operations/capacity/admission.ts'
import type { Log } from '../ports/log.ts'
import type { NodeFiles } from './quorum.ts'
import type { SeveralOptions } from './several/several-options.ts'
import type { Peer } from './topology-watch.ts'

export type NodeOptions = NodeFiles & {
  readonly self: RegionName
  /** Told by flag: they stay. */
  readonly peers: readonly Peer[]
  /** What is known of regions now, asked again and again. */
  readonly readRegions: () => readonly RegionEntry[]
  readonly host: string
  readonly port: number
  /** The nodes of the region, where it has several. */
  readonly several?: SeveralOptions | undefined
  /** Whose pages and which names are served; see http/access/visitors.ts. */
  readonly visitors?: VisitorOptions
  /** What /admin/ asks for; refused without. */
  readonly adminToken?: string
  /** The store is in a folder below it. */
  readonly data: string
  /** Address of this region's own NATS server. */
  readonly nats: string
  readonly natsAccess: NatsAccess
  /** Until then messages of version 0.1.0 are taken. */
  readonly admitUnsignedUntilMs?: number | undefined
  /** Of the endpoint: HTTPS. */
  readonly tls?: PortCertificate | undefined
  readonly loopbackPort?: number | undefined
  /** Watched for their ends. */
  readonly certificates?: readonly ShownCertificate[]
  readonly accountId: string
  readonly globalTables2017?: 'refuse' | 'serve'
  /** Whether a write is refused that did not know of another region's write of its item. */
  readonly mrscConflicts?: 'refuse' | 'off'
  /** Processes that serve, this one among them. */
  readonly workers?: number | undefined
  /** Files of them: signatures are verified, and `identities` have policies too. */
  readonly credentials?: string | undefined
  readonly identities?: string | undefined
  /** What the policies decide; `off` unless given. */
  readonly access?: 'off' | AccessMode
  /** The file of the audit log. */
  readonly auditLog?: string | undefined
  readonly auditData?: boolean
  readonly privateListen?: string | undefined
  readonly privatePolicy?: string | undefined
  readonly privateId?: string | undefined
  /** Regions beside its own that a signature may be for. */
  readonly signedFor?: readonly string[] | undefined
  /** Where clients reach the other regions, by region. */
  readonly peerEndpoints?: Readonly<Record<string, string>>
  readonly timing?: TimingName
  readonly capacity?: CapacitySettings | undefined
  readonly streamShards?: number | undefined
  readonly streamRollMs?: number | undefined
  readonly streamRetentionBytes?: number | undefined
  /** The file of functions. */
  readonly functions?: string | undefined
  /** Where buckets are, and where in them backups lie; beside the store where not given. */
  readonly s3?: string | undefined
  readonly backups?: string | undefined
  /** Seconds; as in readers/expiry unless said otherwise. */
  readonly ttlDelay?: number
  readonly ttlGrace?: number
  /** Told of requests beside the metrics. */
  readonly slow?: number | undefined
  readonly otlp?: string | undefined
  readonly otlpShare?: number
  /** Where a drill may say that the wall clock is wrong. */
  readonly clockFile?: string | undefined
  readonly log: Log
  readonly onBrokenInvariant: (error: Error) => void
  /** The store's folder was removed: what is written from now on is lost when this process ends. */
  readonly onStoreGone: (reason: string) => void
  /** Pages of the store changed on the disk while this node ran: its next start repairs that. */
  readonly onStoreDamaged: (reason: string) => void
  /** The start takes longer, and goes on. */
  readonly onProgress?: () => void
}
