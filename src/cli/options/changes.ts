/** The options of change streams, of buckets and backups, and of items that expire. Rows of rows.ts. */
import { z } from 'zod'
import { ttlDelaySeconds, ttlGraceSeconds } from '../../core/item/item-expiry.ts'
import { streamRetentionBytes, streamRollMs, streamSlicesMax } from '../../core/limits/stream-limits.ts'

export const changeOptions = {
  streamShards: {
    flags: '--stream-shards <count>',
    help: 'shards of every new stream; 4 for a table on demand, else as its throughput asks for when not given',
    schema: z.coerce.number('a number of shards').int().min(1).max(streamSlicesMax).optional(),
  },
  streamRollMs: {
    flags: '--stream-roll-ms <ms>',
    help: 'after how long the shards of a stream are followed by others',
    schema: z.coerce.number().int().min(1000),
    default: streamRollMs,
  },
  streamRetentionBytes: {
    flags: '--stream-retention-bytes <bytes>',
    help: 'of the region’s log, at most about so much is kept for streams, which otherwise keep 24 hours',
    schema: z.coerce
      .number()
      .int()
      .min(16 * 1024 * 1024),
    default: streamRetentionBytes,
  },
  functions: {
    flags: '--functions <file>',
    help: 'functions that triggers may invoke, and where they report to (YAML or JSON, docs/coding/triggers.md)',
    schema: z.string().min(1).optional(),
  },
  s3: {
    flags: '--s3 <buckets>',
    help: 'where buckets of S3 are: exports=dir:./exports,archive=http://127.0.0.1:9000 (docs/operating/backup.md)',
    schema: z.string().min(1).optional(),
  },
  backups: {
    flags: '--backups <place>',
    help: 'where backups and the archive of the log lie: s3://BUCKET/PREFIX of a bucket that --s3 maps; beside the store when not given',
    schema: z.string().min(1).optional(),
  },
  ttlDelay: {
    flags: '--ttl-delay <seconds>',
    help: 'how long after its time an item is deleted at the earliest; AWS takes up to a few days',
    schema: z.coerce.number().int().min(0).max(1_209_600),
    default: ttlDelaySeconds,
  },
  ttlGrace: {
    flags: '--ttl-grace <seconds>',
    help: 'how much longer a region waits with expired items that another replica wrote last',
    schema: z.coerce.number().int().min(0).max(1_209_600),
    default: ttlGraceSeconds,
  },
} as const

export const optionsOfChanges = [
  'streamShards',
  'streamRollMs',
  'streamRetentionBytes',
  'functions',
  's3',
  'backups',
  'ttlDelay',
  'ttlGrace',
] as const
