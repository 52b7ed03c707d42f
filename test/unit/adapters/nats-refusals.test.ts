/** Each error code of JetStream has one kind and one sentence, and the node knows what it does about each kind. */
import { JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import { describe, expect, it } from 'vitest'
import { refusalFrom, refusalOfCode, refusals } from '../../../src/adapters/nats/nats-refusals.ts'
import { asRefusal, courses, refusalKinds, StreamRefused } from '../../../src/core/stream-refusal.ts'

/** The codes of server/errors.json, 2.15.3; 2.10.23 has no others. */
const [firstCode, lastCode] = [10_002, 10_228]

/** Answers to what the node does not ask for: cluster members, snapshots, templates, mirrors, sources, consumers that push or belong to queues, TTLs, counters, batches, schedules. */
const unasked: readonly (number | readonly [number, number])[] = [
  10_011,
  [10_015, 10_022],
  10_024,
  [10_029, 10_033],
  10_038,
  10_040,
  [10_042, 10_042],
  [10_044, 10_046],
  10_057,
  10_062,
  10_064,
  [10_066, 10_068],
  10_073,
  [10_078, 10_095],
  10_098,
  [10_099, 10_103],
  [10_106, 10_108],
  [10_110, 10_112],
  [10_114, 10_117],
  [10_126, 10_147],
  [10_150, 10_152],
  [10_154, 10_156],
  [10_159, 10_162],
  [10_165, 10_166],
  [10_168, 10_179],
  [10_181, 10_184],
  [10_186, 10_193],
  [10_196, 10_201],
  [10_203, 10_224],
  [10_227, 10_228],
]
/** Codes that no version has. */
const unused = [10_001]

const entries = Object.entries(refusals).flatMap(([kind, texts]) =>
  Object.entries(texts).map(([code, text]) => ({ kind, code: Number(code), text })),
)

describe('the table of refusals', () => {
  it('has every code of JetStream once, but for what the node never asks for', () => {
    const codes = entries.map(({ code }) => code)
    expect(new Set(codes).size).toBe(codes.length)
    const others = [...unused, ...unasked.flatMap((each) => (typeof each === 'number' ? [each] : range(...each)))]
    expect(codes.filter((code) => others.includes(code))).toEqual([])
    const known = new Set([...codes, ...others])
    expect(range(firstCode, lastCode).filter((code) => !known.has(code))).toEqual([])
  })

  it.each(entries)('$code is $kind: $text', ({ kind, code, text }) => {
    const refused = refusalOfCode(code, 'as the server says')
    expect(refused).toMatchObject({ kind, code, message: `${text} (error ${code}: as the server says)` })
    expect(refusalKinds).toContain(kind)
  })
})

describe('a kind', () => {
  it.each(refusalKinds)('%s has a bounded pause, and advice where the node only waits', (kind) => {
    const { cure, pauseMsMax, advice } = courses[kind]
    expect(pauseMsMax).toBeGreaterThanOrEqual(1000)
    expect(pauseMsMax).toBeLessThanOrEqual(5000)
    expect(advice !== '').toBe(cure === 'wait' && kind !== 'passing')
  })
})

describe('what is not in the table', () => {
  it('counts as passing, with its code and text', () => {
    const refused = refusalOfCode(19_999, 'news')
    expect(refused).toMatchObject({ kind: 'passing', code: 19_999 })
    expect(refused.message).toContain('19999: news')
    expect(asRefusal(new Error('odd'))).toMatchObject({ kind: 'passing', message: 'odd' })
  })
})

describe('an error of many causes', () => {
  it.each([
    [10_077, 'write /x: no space left on device', 'full'],
    [10_077, 'maximum bytes exceeded', 'full'],
    [10_077, 'message to large', 'too large'],
    [10_049, 'mkdir /x: permission denied', 'wrong'],
    [10_077, 'something else', 'passing'],
    [10_059, 'no space left on device', 'gone'],
  ])('%d %s is %s', (code, description, kind) => {
    expect(refusalOfCode(code, description).kind).toBe(kind)
  })
})

describe('an error of the client', () => {
  const api = new JetStreamApiError({ code: 503, err_code: 10_039, description: 'off' })
  const denied = new errors.PermissionViolationError('denied', 'publish', 's')
  it.each([
    ['an answer', api, 'disabled'],
    ['an answer within another error', new Error('wrapped', { cause: api }), 'disabled'],
    ['no answer', new errors.TimeoutError(), 'passing'],
    ['no permission', denied, 'denied'],
    ['no permission, within another error', new errors.RequestError('', { cause: denied }), 'denied'],
    ['a closed connection', new errors.ClosedConnectionError(), 'away'],
    ['a payload', errors.InvalidArgumentError.format('payload', 'max_payload size exceeded'), 'too large'],
    ['another argument', errors.InvalidArgumentError.format('name', 'is wrong'), 'passing'],
    ['a refusal', new StreamRefused('full', 'full'), 'full'],
  ])('%s', (_, error, kind) => {
    expect(refusalFrom(error).kind).toBe(kind)
  })
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n)
}
