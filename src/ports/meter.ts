/** Metrics in Prometheus' terms; names and units (`_total`, `_seconds`, `_bytes`) as its conventions say. */
export type Labels = Readonly<Record<string, string>>

export interface Meter {
  count(name: MetricName, labels?: Labels, by?: number): void
  gauge(name: MetricName, value: number, labels?: Labels): void
  /** Seconds for durations, bytes for sizes. */
  observe(name: MetricName, value: number, labels?: Labels): void
  /** Removes the series of every metric that have these labels among theirs: the table, or the peer, is gone. */
  forget(labels: Labels): void
  /** Somebody looks at units of indexes too, which cost some work to count. */
  readonly countsIndexes?: boolean
}

/** A `sample` is for the region's own metrics alone (readers/metrics): there may be too many series of it for /metrics. */
export type MetricKind = 'counter' | 'gauge' | 'histogram' | 'sample'

/** Every metric of the node, with the help text that /metrics prints. A new one starts here. */
export const metrics = {
  longitude_requests_total: {
    kind: 'counter',
    help: 'Requests answered, by operation and outcome.',
    labels: ['operation', 'outcome'],
  },
  longitude_request_seconds: {
    kind: 'histogram',
    help: 'Time from the whole request read to the reply handed to the socket.',
    labels: ['operation'],
  },
  longitude_consumed_units_total: {
    kind: 'counter',
    help: 'Capacity units that requests consumed of the table itself; units of its indexes are not counted.',
    labels: ['table', 'direction'],
  },
  longitude_throttled_requests_total: {
    kind: 'counter',
    help: 'Requests, or items of a batch, that were short of capacity, by table, index and reason; with --capacity observe they were served.',
    labels: ['table', 'index', 'reason'],
  },
  longitude_index_consumed_units_total: {
    kind: 'sample',
    help: 'Capacity units that requests consumed of an index.',
    labels: ['table', 'index', 'kind', 'direction'],
  },
  longitude_table_request_seconds: {
    kind: 'sample',
    help: 'Time that a request of a table took which succeeded.',
    labels: ['table', 'operation'],
  },
  longitude_table_refusals_total: {
    kind: 'sample',
    help: 'Requests of a table that were refused or failed, or items of them, by the error.',
    labels: ['table', 'operation', 'code'],
  },
  longitude_returned_items: {
    kind: 'sample',
    help: 'Items that a query or scan returned.',
    labels: ['table', 'operation'],
  },
  longitude_stream_request_seconds: {
    kind: 'sample',
    help: 'Time that a read of a change stream took which succeeded.',
    labels: ['table', 'stream'],
  },
  longitude_returned_records: {
    kind: 'sample',
    help: 'Records that a read of a change stream returned.',
    labels: ['table', 'stream'],
  },
  longitude_returned_record_bytes: {
    kind: 'sample',
    help: 'Bytes that a read of a change stream returned.',
    labels: ['table', 'stream'],
  },
  longitude_injected_faults_total: {
    kind: 'counter',
    help: 'Requests that a fault which was set on this region struck (FaultInjectionServiceInducedErrors), by its kind.',
    labels: ['table', 'operation', 'kind'],
  },
  longitude_access_denied_total: {
    kind: 'counter',
    help: 'Permissions that policies denied, by action; with --access audit the requests were served.',
    labels: ['action', 'mode'],
  },
  longitude_key_unreachable: {
    kind: 'gauge',
    help: '1 while a key that encrypts what the region keeps cannot be had: of the region itself (`region`), or of a table by its ARN; else 0.',
    labels: ['key'],
  },
  longitude_encrypted_again_total: {
    kind: 'counter',
    help: 'Values of a table that were looked at while it went over to another data key.',
    labels: ['table'],
  },
  longitude_store_writable: { kind: 'gauge', help: '0 while the disk refuses writes, else 1.', labels: [] },
  longitude_store_damaged: {
    kind: 'gauge',
    help: '1 while a damaged store of the region lies beside the present one, or tables lack items by it, else 0.',
    labels: [],
  },
  longitude_store_damaged_records_total: {
    kind: 'counter',
    help: 'Records of the store that were found damaged and are quarantined, each once a start.',
    labels: [],
  },
  longitude_tables_incomplete: {
    kind: 'gauge',
    help: 'Tables that lost items with a damaged disk and are not served until a repair accepts what is left.',
    labels: [],
  },
  longitude_log_position: { kind: 'gauge', help: 'Last durable position of this region’s log.', labels: [] },
  longitude_log_changes: {
    kind: 'gauge',
    help: 'Changes that this region’s log holds; it forgets what every peer has confirmed.',
    labels: [],
  },
  longitude_stream_retention_alarm: {
    kind: 'gauge',
    help: '1 while the log is too large to keep the records of change streams for their time, or nearly, else 0.',
    labels: [],
  },
  longitude_store_found_total: {
    kind: 'counter',
    help: 'Times that the store was found to be an older copy, damaged, or another deployment’s.',
    labels: ['found'],
  },
  longitude_store_doubtful_tables: {
    kind: 'gauge',
    help: 'Tables that are still to be filled again from peers, because the store was an older copy.',
    labels: [],
  },
  longitude_otlp_dropped_total: {
    kind: 'counter',
    help: 'Spans, or requests with metrics, that the collector of OpenTelemetry did not take, by signal.',
    labels: ['signal'],
  },
  longitude_evacuation_fenced: {
    kind: 'gauge',
    help: '1 while clients’ writes are refused because the region is evacuated, else 0.',
    labels: [],
  },
  longitude_store_bytes: { kind: 'gauge', help: 'Space that the region’s store takes on its disk.', labels: [] },
  longitude_commit_seconds: {
    kind: 'histogram',
    help: 'Time from decision to durability of a group of writes.',
    labels: [],
  },
  longitude_event_loop_delay_seconds: {
    kind: 'histogram',
    help: 'How late a timer of this process came: as long as one turn of the event loop kept others waiting.',
    labels: [],
  },
  longitude_commit_writes: { kind: 'histogram', help: 'Writes in a group commit.', labels: [] },
  longitude_replication_pending: {
    kind: 'gauge',
    help: 'Changes of this region that the peer has not confirmed.',
    labels: ['peer'],
  },
  longitude_replication_lag_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest change that the peer has not confirmed; grows while the link is cut.',
    labels: ['peer'],
  },
  longitude_replication_table_pending: {
    kind: 'gauge',
    help: 'Changes of this region to the table that the peer has not applied.',
    labels: ['peer', 'table'],
  },
  longitude_replication_table_lag_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest change to the table that the peer has not applied; grows while the link is cut.',
    labels: ['peer', 'table'],
  },
  longitude_replication_watermark_seconds: {
    kind: 'gauge',
    help: 'Everything written here to the table up to this time (Unix) is applied by the peer.',
    labels: ['peer', 'table'],
  },
  longitude_replication_latency_seconds: {
    kind: 'gauge',
    help: 'ReplicationLatency: from the write here until it appears in the peer, over the last minute; NaN when nothing came.',
    labels: ['peer', 'table', 'statistic'],
  },
  longitude_replication_safe_to_evacuate: {
    kind: 'gauge',
    help: '1 while the peer has everything that this region has acknowledged, else 0.',
    labels: ['peer'],
  },
  longitude_replication_table_safe_to_evacuate: {
    kind: 'gauge',
    help: '1 while the peer has everything that this region has acknowledged of the table, else 0.',
    labels: ['peer', 'table'],
  },
  longitude_replication_paused: {
    kind: 'gauge',
    help: '1 while the peer has what comes from here paused, of the table or (without one) of everything.',
    labels: ['peer', 'table'],
  },
  longitude_replication_missing: {
    kind: 'gauge',
    help: 'Changes that the peer had announced when it was heard last, and that have not arrived here.',
    labels: ['peer'],
  },
  longitude_replication_applied_total: { kind: 'counter', help: 'Changes of the peer applied here.', labels: ['peer'] },
  longitude_replication_ignored_total: {
    kind: 'counter',
    help: 'Changes of the peer that were already here or older than what is here.',
    labels: ['peer'],
  },
  longitude_replication_repairs_total: {
    kind: 'counter',
    help: 'Holes in the peer’s stream that were filled from its log.',
    labels: ['peer'],
  },
  longitude_replication_refused_total: {
    kind: 'counter',
    help: 'Messages of the peer that could not be read or trusted.',
    labels: ['peer'],
  },
  longitude_retries_total: {
    kind: 'counter',
    help: 'Steps of a loop of this region that failed and are tried again, by the work that they belong to.',
    labels: ['work'],
  },
  longitude_stream_refusals_total: {
    kind: 'counter',
    help: 'Attempts to write this region’s stream that its own NATS server refused, by kind.',
    labels: ['kind'],
  },
  longitude_replication_link_state: {
    kind: 'gauge',
    help: '1 while the session to the peer is live, else 0.',
    labels: ['peer'],
  },
  longitude_replication_receive_bytes_per_second: {
    kind: 'gauge',
    help: 'What the line from the peer carried while it was full; NaN when it has not been full of late.',
    labels: ['peer'],
  },
  longitude_replication_round_trip_seconds: {
    kind: 'gauge',
    help: 'The round trip to the peer, as short questions have needed it.',
    labels: ['peer'],
  },
  longitude_archive_behind_total: {
    kind: 'counter',
    help: 'Times that the log was trimmed before it was archived: point-in-time recovery has begun again.',
    labels: [],
  },
  longitude_archive_lag_seconds: {
    kind: 'gauge',
    help: 'Time since the log was last archived, while changes wait for it.',
    labels: [],
  },
  longitude_restores_failed_total: {
    kind: 'counter',
    help: 'Restores that were given up, since a blob of their backup is missing or damaged.',
    labels: [],
  },
  longitude_time_to_live_deleted_total: {
    kind: 'counter',
    help: 'Items that this region deleted because they had expired (TimeToLiveDeletedItemCount).',
    labels: ['table'],
  },
  longitude_trigger_invocations_total: {
    kind: 'counter',
    help: 'Invocations of functions by triggers, by outcome: ok, partly (some records are sent again), failed, unavailable.',
    labels: ['function', 'outcome'],
  },
  longitude_trigger_records_total: {
    kind: 'counter',
    help: 'Records that triggers are done with: handled, filtered, or dropped, by the reason.',
    labels: ['function', 'result'],
  },
  longitude_trigger_iterator_age_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest record that the function has not handled yet; 0 when there is none.',
    labels: ['function', 'table'],
  },
  longitude_kinesis_units_total: {
    kind: 'counter',
    help: 'Units of changes that Kinesis destinations took: one for each kilobyte of the larger image.',
    labels: ['table'],
  },
  longitude_kinesis_failed_records_total: {
    kind: 'counter',
    help: 'Records that a Kinesis destination did not take; they are sent again.',
    labels: ['table'],
  },
  longitude_kinesis_age_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest record that a Kinesis destination has not taken yet; 0 when there is none.',
    labels: ['table'],
  },
  longitude_trigger_destination_failures_total: {
    kind: 'counter',
    help: 'Reports of dropped records that their destination did not take; they are sent again.',
    labels: ['function'],
  },
  longitude_conflicts_total: {
    kind: 'counter',
    help: 'Writes that lost last-writer-wins to a concurrent one.',
    labels: ['table'],
  },
  longitude_settings_overruled_total: {
    kind: 'counter',
    help: 'Settings of tables that do not count because another region made another at the same time.',
    labels: ['table'],
  },
  longitude_clock_skew_seconds: {
    kind: 'gauge',
    help: 'The peer’s clock minus ours, as last heard, not corrected for the distance.',
    labels: ['peer'],
  },
  longitude_quorum_majority: {
    kind: 'gauge',
    help: 'Whether this region reaches a leader of the group’s stream that has a majority (1), or does not (0).',
    labels: ['group'],
  },
  longitude_quorum_leader: {
    kind: 'gauge',
    help: 'Whether the quorum server of this region leads the group’s stream (1), as far as is known.',
    labels: ['group'],
  },
  longitude_quorum_entries: {
    kind: 'gauge',
    help: 'Entries of the group’s stream that are not trimmed yet.',
    labels: ['group'],
  },
  longitude_quorum_behind_entries: {
    kind: 'gauge',
    help: 'Entries of the group’s stream that this region has not taken yet.',
    labels: ['group'],
  },
  longitude_node_role: {
    kind: 'gauge',
    help: 'What this node of a region of several is (1) and what it is not (0): leading, following, copying or away.',
    labels: ['role'],
  },
  longitude_node_term: {
    kind: 'gauge',
    help: 'The term of the leading node of the region, as far as this node knows. A new one begins when another node leads.',
    labels: [],
  },
  longitude_node_applied_place: {
    kind: 'gauge',
    help: 'The last entry of the order of the region’s nodes that is durable at this node.',
    labels: [],
  },
  longitude_node_behind_entries: {
    kind: 'gauge',
    help: 'Entries of that order that this node has seen and that are not durable at it yet.',
    labels: [],
  },
  longitude_node_entry_age_seconds: {
    kind: 'gauge',
    help: 'Time since the last entry that this node has seen. The leading node places one at least every half second.',
    labels: [],
  },
  longitude_node_copies_total: {
    kind: 'counter',
    help: 'Copies of another node’s store that this node began, since its own was new, damaged or too far behind.',
    labels: [],
  },
  longitude_node_waiting_requests: {
    kind: 'gauge',
    help: 'Requests that wait at this node for one that leads the region.',
    labels: [],
  },
  longitude_certificate_end_seconds: {
    kind: 'gauge',
    help: 'When the certificate that this node shows ends (Unix time): to NATS servers, or at its endpoint.',
    labels: ['use'],
  },
  longitude_clock_held_changes: {
    kind: 'gauge',
    help: 'Changes held back because the peer’s clock is ahead beyond the bound.',
    labels: ['peer'],
  },
} as const satisfies Record<string, { kind: MetricKind; help: string; labels: readonly string[] }>

export type MetricName = keyof typeof metrics
