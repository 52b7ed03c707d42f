import type { Difference } from './difference.ts'

const model = 'service model of Lambda in botocore 1.44.8'

export const triggers = {
  'functions-of-a-file': {
    aws: 'Functions are made and changed by operations, of which Lambda has 91.',
    here: 'Functions are those of the file that --functions names. Any other operation of Lambda than the eight of triggers and functions is an UnknownOperationException.',
    why: 'What runs a function here is a module, a command or an address: nothing that an upload could bring.',
    evidence: model,
    date: '2026-11',
    test: 'unit/wire/lambda.test.ts',
  },
  'invocations-to-come': {
    aws: 'An invocation of the type Event is queued, and made again when it fails.',
    here: 'Invoke with the type Event is refused.',
    why: 'There is no queue that would keep it.',
    evidence: model,
    date: '2026-11',
    test: 'unit/wire/lambda.test.ts',
  },
  'settings-of-mappings': {
    aws: 'KMSKeyArn, MetricsConfig and Tags of an event source mapping are acted on.',
    here: 'KMSKeyArn, MetricsConfig and Tags of an event source mapping are refused by their names.',
    why: 'Nothing here acts on them.',
    evidence: model,
    date: '2026-11',
    test: 'testing/lambda-api.test.ts',
  },
  'destinations-that-are-mapped': {
    aws: 'A destination on failure is a queue, a topic or a bucket of the account.',
    here: 'The ARN of a destination stands for a file, an address or a subject of NATS, as the file of functions says; any other is refused.',
    why: 'There are no such services here.',
    evidence: model,
    date: '2026-11',
    test: 'testing/lambda-api.test.ts',
  },
} as const satisfies Readonly<Record<string, Difference>>
