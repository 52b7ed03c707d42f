/**
 * The file of functions: what runs each function that triggers and Invoke may call, and where the reports of dropped records go.
 *
 *   functions:
 *     audit: { module: ./audit.mjs#handler, timeout: 3, memory: 128, processes: 1, environment: { KEEP: all } }
 *     mail: { url: http://127.0.0.1:3001 }
 *     count: { command: [./count.sh] }
 *   destinations:
 *     arn:aws:sqs:us-east-1:000000000000:failed: { file: failed.jsonl }
 *   streams:
 *     arn:aws:kinesis:us-east-1:000000000000:stream/orders: { nats: 'nats://127.0.0.1:4222', subject: orders.changes }
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import {
  functionMemoryMbMax,
  functionMemoryMbMin,
  functionProcessesMax,
  functionsConfiguredMax,
  functionTimeoutSecondsMax,
} from '../../core/limits/trigger-limits.ts'
import { Failure, messageOf } from '../../process/failure.ts'

const timeout = z.number().positive().max(functionTimeoutSecondsMax).default(3)
const memory = z.number().int().min(functionMemoryMbMin).max(functionMemoryMbMax).default(functionMemoryMbMin)
const processes = z.number().int().min(1).max(functionProcessesMax).default(1)
const environment = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({})
const modulePlace = z
  .string()
  .regex(/^[^#]+#[A-Za-z_$][\w$]*$/, 'the path of a module and the name of its export: ./audit.mjs#handler')
const address = z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' })
const natsAddress = z.string().regex(/^(nats|tls):\/\/\S+$/, 'the address of a NATS server: nats://127.0.0.1:4222')
const subject = z.string().regex(/^[^\s.*>]+(\.[^\s.*>]+)*$/, 'a subject of NATS, without wildcards')

const target = z.union(
  [
    z.strictObject({ module: modulePlace, timeout, memory, processes, environment }),
    z.strictObject({ command: z.array(z.string().min(1)).min(1), timeout, memory, processes, environment }),
    z.strictObject({
      url: address,
      name: z.string().optional(),
      timeout,
      processes: processes.default(functionProcessesMax),
    }),
  ],
  'a module, a command or a url, with timeout, memory, processes and environment (docs/coding/triggers.md)',
)
const destination = z.union(
  [
    z.strictObject({ file: z.string().min(1) }),
    z.strictObject({ url: address }),
    z.strictObject({ nats: natsAddress, subject }),
  ],
  'a file, a url, or nats and subject',
)
const dataStream = z.union(
  [
    z.strictObject({ file: z.string().min(1) }),
    z.strictObject({ nats: natsAddress, subject, jetstream: z.boolean().default(false) }),
  ],
  'a file, or nats and subject',
)
const dataStreamArn = z
  .string()
  .regex(/^arn:[a-zA-Z0-9-]+:kinesis:[a-z0-9-]+:\d{12}:stream\/[a-zA-Z0-9_.-]+$/, 'the ARN of a Kinesis data stream')
const functionName = z
  .string()
  .regex(/^[a-zA-Z0-9-_]{1,64}$/, 'a name of up to 64 letters, digits, dashes and underscores')
const destinationArn = z
  .string()
  .regex(/^arn:[a-zA-Z0-9-]+:(sqs|sns|s3):[a-z0-9-]*:\d*:\S+$/, 'the ARN of an SQS queue, an SNS topic or an S3 bucket')

const few = (what: object): boolean => Object.keys(what).length <= functionsConfiguredMax
const file = z.strictObject({
  functions: z.record(functionName, target).default({}).refine(few, `at most ${functionsConfiguredMax} functions`),
  destinations: z
    .record(destinationArn, destination)
    .default({})
    .refine(few, `at most ${functionsConfiguredMax} destinations`),
  streams: z
    .record(dataStreamArn, dataStream)
    .default({})
    .refine(few, `at most ${functionsConfiguredMax} data streams`),
})

export type FunctionTarget = z.output<typeof target>
export type DataStreamTarget = z.output<typeof dataStream>
export type DestinationTarget = z.output<typeof destination>
export type FunctionFile = z.output<typeof file> & {
  /** Paths in it are relative to it. */
  readonly folder: string
}

/** Throws a Failure that names what is wrong, and where. */
export function readFunctionFile(path: string): FunctionFile {
  const whole = resolve(path)
  try {
    const parsed = file.safeParse(parse(readFileSync(whole, 'utf8')) ?? {})
    if (parsed.success) return { ...parsed.data, folder: dirname(whole) }
    const [issue] = parsed.error.issues
    throw new Failure(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is not of the form that is wanted'}`)
  } catch (error) {
    throw new Failure(`the file of functions ${whole} cannot be used: ${messageOf(error)}`)
  }
}
