/**
 * Every error code with which JetStream can answer a publish, the creation or change of a stream, the creation of a consumer, or a question
 * about either, and its kind (core/stream-refusal.ts). A code that is not here counts as passing: the node tries again, and logs the code.
 * The codes are those of server/errors.json in nats-server 2.10.23 to 2.15.3.
 */
import { JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import { errorText } from '../../core/error-text.ts'
import { type RefusalKind, StreamRefused } from '../../core/stream-refusal.ts'

/** The server's store did not take a message. */
export const storeFailed = 10_077

export const refusals: Readonly<Partial<Record<RefusalKind, Readonly<Record<number, string>>>>> = {
  full: {
    10002: 'the account of the node has used up what it may store',
    10023: 'the NATS server has used up what it may store',
    10028: 'the NATS server has no memory left for this',
    10047: 'the NATS server has no room for the stream',
    10072: 'the NATS server cannot write temporary files',
    10122: 'the account of the node may not have a stream of this size',
  },
  gone: {
    10014: 'the consumer is gone',
    10059: 'the stream is gone',
    10149: 'the consumer is gone',
  },
  unusable: {
    10034: 'the stream is a mirror of another',
    10052: 'the stream cannot be changed to what it must be',
    10054: 'the stream takes smaller messages only',
    10055: 'the stream is a mirror of another',
    10058: 'a stream of this name is there with other settings',
    10060: 'another stream records what this region publishes',
    10061: 'the stream has other replicas',
    10069: 'the stream cannot be changed to what it must be',
    10109: 'the stream is sealed',
    10118: 'the stream was made by a newer NATS server',
    10194: 'the stream was made by a newer NATS server',
  },
  wrong: {
    10003: 'the NATS server did not accept the request',
    10010: 'the NATS server demands a cluster',
    10025: 'the NATS server did not understand the request',
    10027: 'the account has as many streams as it may have',
    10035: 'the NATS server does not know the account of the node',
    10036: 'the NATS server is part of a cluster, which does not support this',
    10053: 'the stream is beyond the limits of the NATS server',
    10056: 'the subject and the request name different streams',
    10065: 'another stream of the account records what this region publishes',
    10074: 'the NATS server is alone and cannot have replicas',
    10113: 'the account demands streams of a bounded size',
    10120: 'the account has no limits for JetStream',
    10121: 'the NATS server allows fewer messages without confirmation',
    10125: 'the NATS server allows smaller requests only',
    10153: 'the NATS server demands that consumers end sooner',
    10157: 'the NATS server is pedantic about the request',
    10185: 'the NATS server is too old for this stream',
  },
  disabled: {
    10039: 'JetStream is off for the account of the node',
    10076: 'JetStream is off at the NATS server',
  },
  'too large': {
    10097: 'the headers of a message are too large',
  },
  behind: {
    10063: 'something else has published on the stream',
    10070: 'something else has published on the stream',
    10071: 'something else has published on the stream, or it has lost its end',
    10158: 'the same message is being stored already',
    10164: 'something else has published on the stream, or it has lost its end',
    10180: 'the stream has lost its end',
  },
  passing: {
    10004: 'the NATS server knows only a part of the answer',
    10005: 'no server of the cluster can take the stream',
    10006: 'the cluster of the NATS server is not ready',
    10007: 'the cluster has not assigned the stream to the NATS server',
    10008: 'JetStream is not available for the moment',
    10009: 'the NATS server does not lead its cluster',
    10012: 'the consumer could not be made',
    10013: 'a consumer of this name is there already',
    10026: 'the stream has as many consumers as it may have, until those of lost sessions end',
    10037: 'the message is gone',
    10041: 'the cluster of the NATS server failed',
    10043: 'the message is gone',
    10048: 'the stream has not been assigned yet',
    10049: 'the stream could not be made',
    10050: 'the stream could not be deleted',
    10051: 'the NATS server failed at the stream',
    10075: 'the cluster is changing',
    10077: 'the NATS server did not store a message',
    10096: 'the stream is just being made or deleted',
    10104: 'the consumer could not be stored',
    10105: 'a consumer of this name is in use',
    10119: 'the consumer is of a newer NATS server',
    10123: 'the stream is being moved',
    10124: 'the stream is being moved',
    10148: 'a consumer of this name is there already',
    10163: 'the NATS server is not ready to compare positions',
    10167: 'the NATS server has too many requests',
    10195: 'the consumer is of a newer NATS server',
    10202: 'the cluster is changing',
    10225: 'the stream was made anew meanwhile',
    10226: 'the stream is being changed',
  },
}

const byCode = new Map(
  Object.entries(refusals).flatMap(([kind, texts]) =>
    Object.entries(texts).map(([code, text]) => [Number(code), { kind: kind as RefusalKind, text }] as const),
  ),
)

/** Where the advice of the kind is not the right one. */
const advices: Readonly<Record<number, string>> = {
  10027: 'let the account have more streams, or delete one that nobody needs',
  10065: 'delete the other stream, or give it other subjects',
  10122: 'let the account have streams of 8 MB at least',
}

/** Errors of many causes, which only their text tells. */
const byText: readonly (readonly [RegExp, RefusalKind, string])[] = [
  [/no space left|disk quota|insufficient (storage|resources)/i, 'full', 'the disk of the NATS server is full'],
  [/maximum (messages|bytes) exceeded/i, 'full', 'the stream is full and keeps its oldest messages'],
  [/message (to|too) large|payload (size )?exceeded/i, 'too large', 'a message is larger than the NATS server takes'],
  [/permission denied|read-only file system/i, 'wrong', 'the NATS server may not write to its own store'],
]

/** Returns the error of the client, or of an answer, as a refusal. */
export function refusalFrom(error: unknown): StreamRefused {
  if (error instanceof StreamRefused) return error
  const cause = error instanceof Error && error.cause instanceof JetStreamApiError ? error.cause : error
  if (cause instanceof JetStreamApiError) return refusalOfCode(cause.code, cause.message, error)
  const [kind, text] = kindOf(error)
  return new StreamRefused(kind, text, { cause: error })
}

export function refusalOfCode(code: number, description: string, cause?: unknown): StreamRefused {
  const known = byCode.get(code)
  // Texts tell more than a code that stands for many causes, and less than one that stands for one.
  const told = known === undefined || known.kind === 'passing' ? textual(description) : undefined
  const { kind, text } = told ?? known ?? { kind: 'passing', text: 'the NATS server answers with an error' }
  return new StreamRefused(kind, `${text} (error ${code}: ${description})`, { code, advice: advices[code], cause })
}

function textual(description: string): { readonly kind: RefusalKind; readonly text: string } | undefined {
  const found = byText.find(([pattern]) => pattern.test(description))
  return found === undefined ? undefined : { kind: found[1], text: found[2] }
}

function kindOf(error: unknown): readonly [RefusalKind, string] {
  // The client does not export it.
  if (error instanceof Error && error.name === 'JetStreamNotEnabled')
    return ['disabled', 'nothing answers for JetStream or for the stream']
  if (error instanceof errors.TimeoutError) return ['passing', 'the NATS server does not answer']
  if (isOf(error, errors.PermissionViolationError)) return ['denied', `the NATS server refuses: ${errorText(error)}`]
  if (error instanceof errors.InvalidArgumentError) {
    const told = textual(error.message)
    if (told !== undefined) return [told.kind, `${told.text} (${error.message})`]
  }
  if (isOf(error, errors.ClosedConnectionError) || isOf(error, errors.DrainingConnectionError))
    return ['away', 'the connection to the NATS server is lost']
  return ['passing', `the NATS server cannot be used: ${errorText(error)}`]
}

/** The client wraps what ends a question. */
function isOf(error: unknown, kind: abstract new (...args: never[]) => Error): boolean {
  return error instanceof kind || (error instanceof Error && error.cause instanceof kind)
}
