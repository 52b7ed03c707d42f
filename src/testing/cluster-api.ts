/**
 * The embedded cluster as its users see it: types alone, and no import, so that this very text is the declaration file of the package's
 * entrance `testing` (src/cli/bundle.mjs).
 */

export type CreateCluster = (options?: ClusterOptions) => Promise<Cluster>

/** The cluster of a test file, set back before each test: the fixture of `testing/vitest`, `testing/jest` and `testing/node-test`. */
export type UseCluster = (options?: ClusterOptions) => () => Cluster

/** Several regions in this process, which replicate to each other as nodes do. */
export interface Cluster extends AsyncDisposable {
  readonly seed: number
  /** The names of the regions; the first is that of `client()` and `endpoint()` without a name. */
  readonly regions: readonly string[]
  /** What the `tables` option says and no region acts on, such as a stream. */
  readonly leftOut: readonly string[]
  /** The date that the regions show. */
  now(): Date
  /** The configuration of a client of the AWS SDK v3: `new DynamoDBClient(cluster.client(region))`. */
  client(region?: string): ClientConfiguration
  /** The address of a region's endpoint on the loopback, at a free port unless one is named; listens from the first call on. */
  endpoint(region?: string, options?: { readonly port?: number }): Promise<string>
  /** Both directions between two regions. */
  link(a: string, b: string): ClusterLink
  region(name: string): ClusterRegion
  /** Lets so much time pass, as fast as the machine can. */
  advance(time: Duration): Promise<void>
  /**
   * Lets time pass until every table is in its final state and every region has all that the regions which it can reach have written. It
   * does not wait for what a cut link or a dead region keeps. Rejects when that takes too long.
   */
  settle(options?: SettleOptions): Promise<void>
  /** Writes that lost against a concurrent one, each once, of one table or of all. */
  conflicts(table?: string): readonly ClusterConflict[]
  /** Rejects with the table, the key and both images of each difference between replicas of running regions. */
  assertConverged(): Promise<void>
  /** All that is durable now, the links, the clocks and the chance of what follows. What is being written is not in it. */
  snapshot(): Snapshot
  /**
   * Goes back to a snapshot, or to how `createCluster` has made the cluster. Clients and endpoints stay good; requests in flight are
   * refused.
   */
  reset(snapshot?: Snapshot): Promise<void>
  /** Another cluster that goes on from here by itself. */
  fork(): Promise<Cluster>
  close(): Promise<void>
}

export type ClusterOptions = {
  /** Their names; by default us-east-1, eu-west-1 and ap-northeast-1. */
  readonly regions?: readonly string[]
  /**
   * All chance of the cluster comes from it: with a manual clock, the same seed gives the same run. By default it is the environment
   * variable LONGITUDE_SEED, else any.
   */
  readonly seed?: number
  /** `real`, as by default: time passes as on the machine. `manual`: it stands still between calls of `advance` and `settle`. */
  readonly clock?: ClockMode
  /** The date at which a manual clock begins; 2026-01-01 by default. */
  readonly startAt?: Date | string | number
  /** Of all links (`default`), and of single ones by the names of their regions: `{ 'us-east-1..eu-west-1': { ms: 40 } }`. */
  readonly links?: Readonly<Record<string, LinkSettings>>
  /**
   * Tables that are there from the start: inputs of CreateTable, CloudFormation and SAM templates, plans of Terraform as JSON, models of
   * NoSQL Workbench; each parsed, or as `{ file }` with the path of a JSON or YAML file.
   */
  readonly tables?: readonly TableSource[]
  /** As in ARNs; twelve zeros by default. */
  readonly accountId?: string
  /** Serve the operations of version 2017.11.29, which AWS refuses by now. */
  readonly globalTables2017?: boolean
  /** How long states last, in the cluster's time: not at all, or as long as on AWS; 'instant' by default. */
  readonly timing?: 'instant' | 'aws'
  /** Whether requests are throttled as on AWS, in the cluster's time: not at all, only counted, or refused; 'off' by default. */
  readonly capacity?: 'off' | 'observe' | 'enforce'
  /** Shards of every change stream; 4 for a table on demand, else as its throughput asks for when not given. */
  readonly streamShards?: number
  /**
   * Functions that event source mappings invoke, by name: each is called for every region that has a mapping to it. A function that takes longer than 3 seconds of the
   * cluster's time has failed.
   */
  readonly functions?: Readonly<Record<string, FunctionHandler>>
  /** What takes the reports of records that mappings give up, by the ARN of the destination. */
  readonly destinations?: Readonly<Record<string, (report: unknown) => unknown>>
  /** What is called with each record that a Kinesis streaming destination gets, by the ARN of its data stream. One that throws gets its batch again. */
  readonly dataStreams?: Readonly<Record<string, (record: unknown) => unknown>>
  /**
   * Buckets of S3 that tables are exported to and imported from, by their names; each holds its objects by their keys. All regions share them. A bucket that is not
   * named here does not exist.
   */
  readonly buckets?: Readonly<Record<string, Map<string, Uint8Array>>>
  /** Receives what the regions log. */
  readonly log?: (line: LogLine) => void
}

/** What it returns or resolves with is its answer; an error that it throws is a failed invocation. */
export type FunctionHandler = (event: StreamEvent, context: FunctionContext) => unknown

export type StreamEvent = {
  readonly Records: readonly StreamRecord[]
  /** With a tumbling window, beside the window itself. */
  readonly state?: Readonly<Record<string, unknown>>
  readonly window?: { readonly start: string; readonly end: string }
  readonly shardId?: string
  readonly isFinalInvokeForWindow?: boolean
  readonly isWindowTerminatedEarly?: boolean
}

export type StreamRecord = {
  readonly eventID: string
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE'
  readonly eventSourceARN: string
  readonly awsRegion: string
  readonly dynamodb: {
    readonly ApproximateCreationDateTime: number
    readonly Keys: ItemJson
    readonly NewImage?: ItemJson
    readonly OldImage?: ItemJson
    readonly SequenceNumber: string
    readonly SizeBytes: number
    readonly StreamViewType: string
  }
}

export type FunctionContext = {
  readonly functionName: string
  readonly functionVersion: string
  readonly invokedFunctionArn: string
  readonly awsRequestId: string
}

export type ClockMode = 'manual' | 'real'

/** Milliseconds, or a text such as '500ms', '5s', '2m', '1h' or '1d'. */
export type Duration = number | string

export type LinkSettings = {
  /** One way, in milliseconds; 1 by default. */
  readonly ms?: number
  /** Added to `ms`, from 0 up to this. */
  readonly jitter?: number
  /** The share of messages that are lost, from 0 to 1; replication sends them again. */
  readonly loss?: number
}

export type TableSource = object | { readonly file: string }

export type LogLine = {
  readonly region: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

export type ClientConfiguration = {
  readonly region: string
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly requestHandler: SdkRequestHandler
}

/** As the AWS SDK's own handlers. */
export type SdkRequestHandler = {
  readonly metadata: { readonly handlerProtocol: string }
  handle(request: SdkRequest, options?: SdkHandlerOptions): Promise<SdkResponse>
  destroy(): void
  updateHttpClientConfig(): void
  httpHandlerConfigs(): Record<string, never>
}

/** What the SDK hands to its handler; @smithy/protocol-http has the whole type. */
export type SdkRequest = {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>> | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

export type SdkHandlerOptions = {
  readonly abortSignal?: { readonly aborted: boolean; onabort?: unknown } | undefined
}

export type SdkResponse = {
  readonly response: {
    readonly statusCode: number
    readonly reason?: string
    readonly headers: Record<string, string>
    readonly body: Uint8Array
  }
}

export type ClusterLink = {
  /** Messages are swallowed from now on; the regions notice it by silence. */
  cut(): void
  heal(): void
  set(settings: LinkSettings): void
}

export type ClusterRegion = {
  readonly name: string
  /** What is broken of the region's API on purpose; it ends with the region's process. */
  readonly faults: ClusterFaults
  readonly isRunning: boolean
  /** As by kill -9: what was acknowledged stays on its disk. */
  kill(): void
  /** Starts it again after a kill. */
  restart(): Promise<void>
  /** Sets its clock ahead of the others' by so much; a negative number of milliseconds sets it behind. */
  skew(time: Duration): void
}

export type ClusterFaults = {
  /** Returns the id of the fault. */
  set(fault: FaultSettings): string
  /** Ends all faults, or those of an owner, an id or a kind. */
  clear(selection?: { readonly owner?: string; readonly id?: string; readonly kind?: FaultKind }): void
  list(): readonly ClusterFault[]
}

export type FaultKind =
  | 'throttle'
  | 'error'
  | 'unavailable'
  | 'timeout'
  | 'slow'
  | 'reset'
  | 'stale'
  | 'partial'
  | 'conflict'

/** What is not said of the requests is not asked of them. */
export type FaultSettings = {
  readonly kind: FaultKind
  readonly tables?: string | string[]
  readonly indexes?: string | string[]
  /** Such as 'PutItem'. */
  readonly operations?: string | string[]
  /** What the partition key begins with. */
  readonly keyPrefix?: string
  /** A part of the hash space, such as '0%..25%'. */
  readonly hashes?: string
  /** Of the requests: '20%', or a number from 0 to 1; all by default. */
  readonly share?: string | number
  /** Of a throttle: what was exceeded; by the table's billing mode when not given. */
  readonly reason?: 'ProvisionedThroughput' | 'KeyRangeThroughput' | 'MaxOnDemandThroughput' | 'AccountLimit'
  /** Of a time-out: how long the request is kept; 30 s by default. */
  readonly hold?: Duration
  /** Of slowness: 50, '50ms', '20ms..80ms', '50ms±10ms' or 'p50=20ms,p99=900ms'. */
  readonly delay?: string | number
  /** Of stale reads: how old their answers are; 2 s by default. */
  readonly age?: Duration
  /** Of a partial batch: the share of its items that is left unprocessed; half of them by default. */
  readonly items?: string | number
  /** The request is done, and then its answer is lost or late. Otherwise it is not done. */
  readonly after?: boolean
  readonly owner?: string
  /** 10 minutes by default. */
  readonly for?: Duration
  readonly id?: string
  /** The same seed strikes the same requests. */
  readonly seed?: number
}

export type ClusterFault = {
  readonly id: string
  readonly owner: string
  readonly kind: FaultKind
  readonly what: string
  readonly seed: number
  readonly startedAt: string
  readonly endsAt: string
  /** Requests that the fault could have struck, and those that it has. */
  readonly met: number
  readonly struck: number
}

export type SettleOptions = {
  /** The most of the cluster's time that it may take; 10 minutes by default. */
  readonly within?: Duration
}

/** What `snapshot` returns and `reset` takes. */
export type Snapshot = { readonly takenAt: Date }

/** Attributes in DynamoDB's JSON: `{ id: { S: 'a' } }`. */
export type ItemJson = Readonly<Record<string, object>>

export type ClusterConflict = {
  readonly table: string
  readonly key: ItemJson
  /** Of the write that lost. */
  readonly kind: 'insert' | 'update' | 'delete'
  /** The regions that wrote the two. */
  readonly winner: string
  readonly loser: string
  readonly won: ConflictImage
  readonly lost: ConflictImage
  /** Where and when the two have met. */
  readonly metIn: string
  readonly metMs: number
}

export type ConflictImage = {
  readonly region: string
  /** The hybrid logical time of the write. */
  readonly stamp: { readonly wallMs: number; readonly counter: number; readonly region: number }
  readonly kind: 'insert' | 'update' | 'delete'
  /** Null for a delete. */
  readonly item: ItemJson | null
}
