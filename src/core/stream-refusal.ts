/**
 * Why a NATS server does not take or give what a region's stream needs, and what follows. The stream is a copy of the log, so nothing is
 * lost by any of these: the publisher tries again without end, and goes on from the stream's own end once the cause is gone.
 */
import { errorText } from './error-text.ts'
import { connectBackOffMsMax, refusedBackOffMsMax } from './limits/limits.ts'

/** What the publisher does about a refusal. */
export const refusalKinds = [
  'away',
  'full',
  'gone',
  'unusable',
  'wrong',
  'disabled',
  'denied',
  'too large',
  'behind',
  'passing',
] as const
export type RefusalKind = (typeof refusalKinds)[number]

type Course = {
  /** What the node does by itself before it tries again. */
  readonly cure: 'wait' | 'create' | 'recreate' | 'read the end'
  /** The pause before the next try doubles up to this. */
  readonly pauseMsMax: number
  /** What an operator has to do; empty where the node helps itself. */
  readonly advice: string
}

export const courses: Readonly<Record<RefusalKind, Course>> = {
  away: { cure: 'wait', pauseMsMax: connectBackOffMsMax, advice: 'start the NATS server' },
  full: {
    cure: 'wait',
    pauseMsMax: refusedBackOffMsMax,
    advice: 'make room on the disk of the NATS server, or raise max_file_store in its configuration',
  },
  gone: { cure: 'create', pauseMsMax: connectBackOffMsMax, advice: '' },
  unusable: { cure: 'recreate', pauseMsMax: refusedBackOffMsMax, advice: '' },
  wrong: {
    cure: 'wait',
    pauseMsMax: refusedBackOffMsMax,
    advice:
      'compare the configuration of the NATS server with the one that `longitude deployment` writes, and reload it',
  },
  disabled: {
    cure: 'wait',
    pauseMsMax: refusedBackOffMsMax,
    advice: 'JetStream must be on for the account of the node: reload the NATS server (SIGHUP) or start it again',
  },
  denied: {
    cure: 'wait',
    pauseMsMax: refusedBackOffMsMax,
    advice: 'give the user of the node the permissions that `longitude deployment` writes, and reload the NATS server',
  },
  'too large': {
    cure: 'wait',
    pauseMsMax: refusedBackOffMsMax,
    advice: 'raise max_payload of the NATS server to 8454144, as `longitude deployment` writes it, and reload it',
  },
  behind: { cure: 'read the end', pauseMsMax: connectBackOffMsMax, advice: '' },
  passing: { cure: 'wait', pauseMsMax: connectBackOffMsMax, advice: '' },
}

type Told = { readonly code?: number; readonly advice?: string | undefined; readonly cause?: unknown }

/** A refusal with its kind. The message says what happened; `advice` what to do. */
export class StreamRefused extends Error {
  readonly kind: RefusalKind
  /** JetStream's own code; undefined where the refusal has none. */
  readonly code: number | undefined
  readonly advice: string

  constructor(kind: RefusalKind, message: string, { code, advice, cause }: Told = {}) {
    super(message, { cause })
    this.name = 'StreamRefused'
    this.kind = kind
    this.code = code
    this.advice = advice ?? courses[kind].advice
  }
}

/** Returns what a bus rejected with as a refusal; one that does not say why counts as passing. */
export function asRefusal(error: unknown): StreamRefused {
  if (error instanceof StreamRefused) return error
  return new StreamRefused('passing', errorText(error), { cause: error })
}
