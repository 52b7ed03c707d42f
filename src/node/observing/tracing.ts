/**
 * Spans of requests, of the writes that they made, and of those writes where peers apply them.
 *
 * A commit has an identity that every region knows: its origin's epoch and its position. The ids of its span follow from that, so a peer that applies it
 * names the span of the write without anything more in the messages between regions:
 *
 *   the client's trace            the write's trace
 *   client ▸ request  ◂──link──   write ▸ apply (in each peer, with a link to the write)
 *
 * A request without a traceparent begins a trace; if it writes, that of its first write.
 */
import { hash } from 'node:crypto'
import { appliedSpansMax, writeSpansMax } from '../../core/limits/observe-limits.ts'
import type { Span, SpanRef } from '../../core/tracing/span.ts'
import { isInShare, traceParentIn } from '../../core/tracing/traceparent.ts'
import type { RemoteBatch } from '../../engine/commands/command.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Functions, Invoked } from '../../ports/functions.ts'
import type { Random } from '../../ports/random.ts'
import type { AnsweredRequest, RequestObserver } from '../../ports/request-observer.ts'

export type TracingOptions = {
  readonly region: string
  /** Of the region's own log. */
  readonly epoch: () => string
  /** Of traces of which no client decides: from 0 to 1. */
  readonly share: number
  readonly clock: Pick<Clock, 'wallMs'>
  readonly random: Pick<Random, 'bytes'>
  readonly onSpan: (span: Span) => void
}

/** Of a commit in the log of that epoch; `position` is that of its last change. */
export function writeSpanOf(epoch: string, position: number): SpanRef {
  const digest = hash('sha256', `${epoch}/${position}`)
  return { traceId: digest.slice(0, 32), spanId: digest.slice(32, 48) }
}

export class Tracing implements RequestObserver {
  readonly #options: TracingOptions
  /** Up to where the commits of each log have spans; a batch may come again. */
  readonly #applied = new Map<string, number>()

  constructor(options: TracingOptions) {
    this.#options = options
  }

  answered(request: AnsweredRequest): void {
    const { region, epoch, share, onSpan } = this.#options
    const commits = [...new Set(request.positions)].filter((position) => position > 0).slice(0, writeSpansMax)
    const writes = commits.map((position) => ({ position, ref: writeSpanOf(epoch(), position) }))
    const parent = traceParentIn(request.traceparent)
    const traceId = parent?.traceId ?? writes[0]?.ref.traceId ?? this.#id(16)
    if (!(parent?.isSampled ?? isInShare(traceId, share))) return
    const own = { traceId, spanId: this.#id(8) }
    const { operation, outcome, startedMs, tookMs } = request
    const times = { startMs: startedMs, endMs: startedMs + tookMs }
    const links = writes.map(({ ref }) => ref).filter((ref) => ref.traceId !== traceId)
    onSpan({
      ...own,
      parentSpanId: parent?.spanId,
      name: `DynamoDB.${operation}`,
      kind: 'server',
      ...times,
      attributes: attributesOf(request, region),
      ...(links.length === 0 ? {} : { links }),
      error: outcome === 'ok' ? undefined : outcome,
    })
    for (const { position, ref } of writes)
      onSpan({
        ...ref,
        ...(ref.traceId === traceId ? { parentSpanId: own.spanId } : { links: [own] }),
        name: 'write',
        kind: 'internal',
        ...times,
        attributes: { 'cloud.region': region, 'longitude.position': position },
      })
  }

  /** The engine that readers see: what it applies of peers gets spans. */
  readonly watching = (engine: Engine): Engine => {
    const apply: Engine['apply'] = async (batch, sequence) => {
      const startMs = this.#options.clock.wallMs()
      const result = await engine.apply(batch, sequence)
      if (result.applied !== 'hole') this.#spansOf(batch, { startMs, upTo: result.cursor, engine })
      return result
    }
    return withMethod(engine, 'apply', apply)
  }

  /** Functions whose invocations have spans: by triggers, and by Lambda's operation. */
  invoking(functions: Functions): Functions {
    return {
      all: () => functions.all(),
      invoke: async (name, event, about) => {
        const startMs = this.#options.clock.wallMs()
        const invoked = await functions.invoke(name, event, about)
        this.#invoked(name, about.requestId, { startMs, eventBytes: event.length, invoked })
        return invoked
      },
    }
  }

  #invoked(name: string, requestId: string, { startMs, eventBytes, invoked }: Invocation): void {
    const { region, share, clock, onSpan } = this.#options
    const traceId = this.#id(16)
    if (!isInShare(traceId, share)) return
    onSpan({
      traceId,
      spanId: this.#id(8),
      name: `Lambda.Invoke ${name}`,
      kind: 'client',
      startMs,
      endMs: Math.max(startMs, clock.wallMs()),
      attributes: {
        'cloud.region': region,
        'faas.invoked_name': name,
        'faas.invoked_region': region,
        'aws.request_id': requestId,
        'longitude.event_bytes': eventBytes,
      },
      error: invoked.kind === 'returned' ? undefined : invoked.kind,
    })
  }

  #spansOf(batch: RemoteBatch, { startMs, upTo, engine }: Applied): void {
    const { region, share, clock, onSpan } = this.#options
    const { origin, epoch } = batch
    const log = `${origin} ${epoch}`
    const seen = this.#applied.get(log) ?? batch.after
    this.#applied.set(log, Math.max(seen, upTo))
    const endMs = Math.max(startMs, clock.wallMs())
    for (const { position, table } of commitsIn(batch, { seen, upTo })) {
      const write = writeSpanOf(epoch, position)
      if (!isInShare(write.traceId, share)) continue
      const name = engine.tableWithId(table)?.name
      const about = { 'cloud.region': region, 'longitude.origin': origin, 'longitude.position': position }
      onSpan({
        traceId: write.traceId,
        spanId: this.#id(8),
        parentSpanId: write.spanId,
        name: 'apply',
        kind: 'consumer',
        startMs,
        endMs,
        attributes: { ...about, ...(name === undefined ? {} : { 'db.collection.name': name }) },
        links: [write],
      })
    }
  }

  #id(bytes: number): string {
    return this.#options.random.bytes(bytes).toString('hex')
  }
}

/** Everything else is that of the engine itself. */
function withMethod<Name extends keyof Engine>(engine: Engine, name: Name, method: Engine[Name]): Engine {
  const bound = new Map<PropertyKey, unknown>([[name, method]])
  return new Proxy(engine, {
    get: (target, key) => {
      const known = bound.get(key)
      if (known !== undefined) return known
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      const own: unknown = member.bind(target)
      bound.set(key, own)
      return own
    },
  })
}

type Invocation = { readonly startMs: number; readonly eventBytes: number; readonly invoked: Invoked }

type Applied = { readonly startMs: number; readonly upTo: number; readonly engine: Engine }

/** The last change of each commit that has no span yet. */
function commitsIn({ changes }: RemoteBatch, { seen, upTo }: { readonly seen: number; readonly upTo: number }) {
  const last = new Map(changes.filter(({ kind }) => kind === 'item').map((change) => [change.group, change]))
  return [...last.values()].filter(({ position }) => position > seen && position <= upTo).slice(0, appliedSpansMax)
}

/** As OpenTelemetry's conventions name them. */
function attributesOf(request: AnsweredRequest, region: string): Span['attributes'] {
  const { operation, tables, status, outcome, requestId, units, requestBytes, replyBytes } = request
  const [table] = tables
  return {
    'cloud.region': region,
    'db.system.name': 'aws.dynamodb',
    'db.operation.name': operation,
    ...(table === undefined ? {} : { 'db.collection.name': table }),
    'aws.request_id': requestId,
    'http.response.status_code': status,
    'http.request.body.size': requestBytes,
    'http.response.body.size': replyBytes,
    'longitude.units': units,
    ...(outcome === 'ok' ? {} : { 'error.type': outcome }),
  }
}
