/** What all regions on one machine are started with. */
import type { TimingName } from '../core/table/waits.ts'
import type { Layout } from '../deployment/layout.ts'
import type { VisitorOptions } from '../http/access/visitors.ts'
import type { PrivateOptions } from '../node/private-port.ts'
import type { Log } from '../ports/log.ts'
import type { LineSink } from './children/child-lines.ts'
import type { EncryptionOptions, ObservingOptions, StreamOptions } from './flags/child-flags.ts'
import type { DeploymentTls } from './flags/tls-flags.ts'

export type SupervisorOptions = VisitorOptions &
  EncryptionOptions &
  ObservingOptions &
  PrivateOptions &
  StreamOptions & {
    readonly layout: Layout
    readonly natsServer: string
    /** Names this run, for the next one to know its processes by (remains.ts). */
    readonly run: string
    /** The command line program, as Node runs it: its path, after flags of Node's own. */
    readonly program: readonly string[]
    readonly host: string
    readonly adminToken: string
    readonly logLevel: string
    readonly accountId: string
    readonly globalTables2017?: 'refuse' | 'serve'
    readonly mrscConflicts?: 'refuse' | 'off'
    /** Of the front door, if there is one. */
    readonly failover?: string
    readonly credentials?: string | undefined
    readonly identities?: string | undefined
    readonly anyCredentials?: boolean | undefined
    readonly auditLog?: string | undefined
    readonly auditData?: boolean | undefined
    readonly access?: string | undefined
    readonly workers?: number
    readonly tls?: DeploymentTls | undefined
    readonly regionsFolder?: string | undefined
    readonly timing?: TimingName
    /** As the command line takes it; undefined: capacity is not counted. */
    readonly capacityText?: string | undefined
    readonly ttlDelay?: number
    readonly ttlGrace?: number
    readonly admitUnsignedPeersUntil?: number | undefined
    readonly log: Log
    readonly sink: LineSink
    readonly progress: (line: string) => void
  }
