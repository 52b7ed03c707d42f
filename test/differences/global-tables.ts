import type { Difference } from './difference.ts'

const guide = 'AWS developer guide, Global tables'
const probes = 'ack-api-quirks, a public report of 548 probes of AWS'

export const globalTables = {
  'lost-writes-are-kept': {
    aws: 'The last writer wins, and what lost is recorded nowhere.',
    here: 'Each write that lost to a concurrent one is in some region’s conflict feed, or under a write that is.',
    why: 'A rehearsal of a disaster has to say what was lost.',
    evidence: guide,
    date: '2026-04',
    test: 'unit/reconcile/conflict-feed.test.ts',
  },
  'tie-of-clocks': {
    aws: 'Which of two writes of one moment wins is not documented.',
    here: 'A tie of clocks is broken by the region’s number.',
    why: 'Every region must decide alike.',
    evidence: guide,
    date: '2026-04',
    test: 'unit/reconcile/reconcile.test.ts',
  },
  'clocks-that-run-ahead': {
    aws: 'AWS keeps the clocks of its regions together.',
    here: 'A change that is stamped too far ahead is held, with all that follows, until its own moment.',
    why: 'One wrong clock would win every conflict otherwise.',
    evidence: guide,
    date: '2026-04',
    test: 'unit/readers/replication/receive/subscriber.test.ts',
  },
  'sources-of-replicas': {
    aws: 'A replica that was the source of a new one cannot be removed for 24 hours.',
    here: 'A replica that was the source of another can be removed once that one is ACTIVE.',
    why: 'Rehearsals add and remove replicas within minutes.',
    evidence: guide,
    date: '2026-04',
    test: 'differences/held.test.ts',
  },
  'lost-regions-that-create': {
    aws: 'A replica that stays CREATING has to be waited for, or AWS support asked.',
    here: 'A replica in a lost region waits to be made, keeps the table UPDATING, and may be given up by an operator.',
    why: '`longitude replicas remove TABLE REGION --force` gives it up; the API stays as it is on AWS.',
    evidence: probes,
    date: '2026-10-09',
    test: 'conformance/global-tables.test.ts',
  },
  'operations-of-2017': {
    aws: 'The operations of version 2017.11.29 are refused.',
    here: 'With --global-tables-2017 serve, the operations of 2017 make a global table of empty tables and change it.',
    why: 'Old scripts can be rehearsed. Without the setting they are refused as on AWS.',
    evidence: probes,
    date: '2026-10-09',
    test: 'conformance/global-tables.test.ts',
  },
  'regions-that-are-supported': {
    aws: 'The refusal of a region that is not supported lists the regions of AWS.',
    here: 'A replica in a region that the deployment does not have is refused with the regions that it has.',
    why: 'These are the regions that there are.',
    evidence: probes,
    date: '2026-10-09',
    test: 'conformance/global-tables.test.ts',
  },
  'protection-travels': {
    aws: 'Deletion protection in one region is known at once to a removal that another region asks for.',
    here: 'Deletion protection keeps a replica; a removal that was asked before it was known there is overruled.',
    why: 'Regions share nothing. A removal is accepted by a region that cannot know better yet.',
    evidence: probes,
    date: '2026-10-09',
    test: 'conformance/guarded-regions.test.ts',
  },
  'strong-consistency': {
    aws: 'A table of three regions may have multi-region strong consistency.',
    here: 'Multi-region strong consistency is refused.',
    why: 'Not built yet.',
    evidence: guide,
    date: '2026-04',
    test: 'differences/held.test.ts',
  },
  'pauses-by-an-operator': {
    aws: 'Replication of a table is paused by the Fault Injection Service.',
    here: 'A pause of a link or a table holds until its moment, and concerns nothing else.',
    why: '`longitude pause` takes the place of that service, for links too.',
    evidence: 'AWS Fault Injection Service user guide',
    date: '2026-04',
    test: 'unit/readers/replication/pause/pauses.test.ts',
  },
} as const satisfies Readonly<Record<string, Difference>>
