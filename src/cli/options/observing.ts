/** The options of what is told of requests beside the metrics. Rows of rows.ts. */
import { z } from 'zod'

export const observingOptions = {
  slow: {
    flags: '--slow <ms>',
    help: 'log requests that take so many milliseconds or more, with where their time went; none when not given',
    schema: z.coerce.number('milliseconds').min(0).optional(),
  },
  otlp: {
    flags: '--otlp <url>',
    help: 'collector of OpenTelemetry (OTLP over HTTP, in JSON) that gets traces and metrics, such as http://127.0.0.1:4318',
    schema: z.url({ protocol: /^https?$/, error: 'an address such as http://127.0.0.1:4318' }).optional(),
  },
  otlpShare: {
    flags: '--otlp-share <share>',
    help: 'of traces of which no client decides, the share that is sent: from 0 to 1',
    schema: z.coerce.number('from 0 to 1').min(0).max(1),
    default: 1,
  },
} as const

export const optionsOfObserving = ['slow', 'otlp', 'otlpShare'] as const
