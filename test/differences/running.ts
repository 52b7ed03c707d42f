import type { Difference } from './difference.ts'

const guide = 'AWS developer guide for DynamoDB'

export const running = {
  'one-disk': {
    aws: 'A write is in at least two of three availability zones before it is acknowledged.',
    here: 'Every acknowledged write is flushed to the region’s one disk: kill -9 of nodes under load loses none.',
    why: 'A region is one machine. What its disk loses comes back from other regions as far as it had reached them.',
    evidence: guide,
    date: '2026-04',
    test: 'chaos/kills.test.ts',
  },
  'states-pass-at-once': {
    aws: 'A table is CREATING, UPDATING or DELETING for seconds to minutes.',
    here: 'A table is CREATING in the answer of CreateTable, and its states pass within a moment.',
    why: 'Tests should not wait. With --timing aws the states last as long as on AWS.',
    evidence: 'ack-api-quirks, a public report of 548 probes of AWS',
    date: '2026-10-09',
    test: 'conformance/tables.test.ts',
  },
  'rates-of-the-control-plane': {
    aws: 'Operations on tables and settings are throttled by their rate; DescribeLimits may come once a minute.',
    here: 'Operations on tables and settings are throttled by no rate of their own.',
    why: 'Tests make many tables at once.',
    evidence: 'AWS API reference, DescribeLimits; ack-api-quirks, a public report of 548 probes of AWS',
    date: '2026-10-09',
    test: 'differences/held.test.ts',
  },
  'quotas-of-the-account': {
    aws: 'DescribeLimits tells quotas that hold.',
    here: 'DescribeLimits tells the quotas of a new account, and a table may have more.',
    why: 'There is no account whose costs they would bound.',
    evidence: 'AWS API reference, DescribeLimits',
    date: '2026-04',
    test: 'differences/held.test.ts',
  },
  'a-disk-that-is-slow': {
    aws: 'An account is throttled by its quotas.',
    here: 'Writes that come faster than the disk takes them are throttled beyond a bound.',
    why: 'Every queue is bounded. The client is told by AWS’s throttling error, which SDKs try again.',
    evidence: guide,
    date: '2026-04',
    test: 'unit/wire/overload.test.ts',
  },
  'a-region-that-stops': {
    aws: 'Clients never see an endpoint stop.',
    here: 'A request that has not arrived whole when the node stops is answered by a 503 and not executed.',
    why: 'A stop executes nothing that it cannot answer.',
    evidence: guide,
    date: '2026-04',
    test: 'unit/wire/stop.test.ts',
  },
  'cache-by-http': {
    aws: 'DAX speaks a binary protocol of its own, and has its own clients.',
    here: 'A cache speaks the HTTP API, and refuses the operations that DAX does not have.',
    why: 'Any SDK can use it by its endpoint alone. The binary protocol is not built yet.',
    evidence: 'AWS developer guide, DAX',
    date: '2026-04',
    test: 'conformance/cache.test.ts',
  },
  'cache-coherent': {
    aws: 'DAX shows what was written around it when the time to live is up.',
    here: 'A coherent cache sees what is written around it as soon as the log has told.',
    why: 'A region has a log that caches can follow. `--mode dax` is as faithful as AWS.',
    evidence: 'AWS developer guide, DAX',
    date: '2026-04',
    test: 'conformance/cache.test.ts',
  },
} as const satisfies Readonly<Record<string, Difference>>
