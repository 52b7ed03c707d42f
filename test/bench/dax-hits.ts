/** Hits through DAX's binary protocol: against the HTTP front of the same cache, and at one connection against a bare echo over TCP. */
import type { CborWriter } from '../../src/core/cbor/cbor-writer.ts'
import type { Item } from '../../src/core/attribute/value.ts'
import { encodeKey } from '../../src/core/dax/codec/key-codec.ts'
import { authorization, frame, greeting } from '../unit/dax/sample-frames.ts'
import { type CacheChild, cpuMsOf, type Load } from './children.ts'
import { median, rounded } from './figures.ts'
import { keyOf, tableName } from './requests.ts'

export type DaxHitsOrder = {
  readonly load: Load
  readonly cache: CacheChild
  readonly echo: { readonly port: number }
  /** The same reads by HTTP. */
  readonly requests: readonly Buffer[]
  readonly keys: readonly number[]
  readonly rounds: number
  readonly ms: number
  readonly connections: number
}

export type DaxHits = {
  readonly perSecond: number
  readonly perSecondByHttp: number
  /** Medians of the rounds' own ratios. */
  readonly overHttp: number
  /** Of the cache's process, which hardly depends on what else the machine does. */
  readonly cpuMicros: number
  readonly cpuMicrosByHttp: number
  readonly p50Micros: number
  readonly p50MicrosOfEcho: number
  readonly p50OverEcho: number
}

const schema = { partition: [{ name: 'pk', type: 'S' as const }], sort: [{ name: 'sk', type: 'S' as const }] }

function read(n: number): Buffer {
  const key = encodeKey(keyOf(n) as Item, schema)
  return frame('getItem', (writer: CborWriter) => writer.bytes(Buffer.from(tableName)).bytes(key).null())
}

export async function measureDax(order: DaxHitsOrder): Promise<DaxHits> {
  const { load, cache, echo, keys, connections, ms } = order
  const requests = keys.map(read)
  const hello = Buffer.concat([greeting(), authorization()])
  const dax = { port: cache.daxPort, requests, answers: 'dax' as const, greeting: hello }
  const http = { port: cache.port, requests: order.requests }
  const echoed = { port: echo.port, requests, answers: 'echo' as const }
  type What = typeof dax | typeof http | typeof echoed
  const run = async (
    what: What,
    count: number,
    bounds: { readonly ms: number } | { readonly count: number } = { ms },
  ) => {
    const before = cpuMsOf(cache.pid)
    const { failed, failure, ...figures } = await load.run({ ...what, connections: count, ...bounds })
    if (failed > 0) throw new Error(`${failed} failed: ${failure}`)
    const cpuMicros = ((cpuMsOf(cache.pid) - before) / figures.count) * 1000
    return { rate: (figures.count / figures.ms) * 1000, p50Micros: figures.p50Ms * 1000, cpuMicros }
  }
  // Not counted: it fills the cache, and is for warming up.
  for (const what of [dax, http, echoed]) await run(what, connections, { count: 2 * keys.length })
  const rounds = []
  for (let round = 0; round < order.rounds; round++)
    rounds.push({
      dax: await run(dax, connections),
      http: await run(http, connections),
      one: await run(dax, 1),
      echo: await run(echoed, 1),
    })
  return {
    perSecond: Math.round(median(rounds.map((each) => each.dax.rate))),
    perSecondByHttp: Math.round(median(rounds.map((each) => each.http.rate))),
    overHttp: rounded(median(rounds.map((each) => each.dax.rate / each.http.rate))),
    cpuMicros: rounded(median(rounds.map((each) => each.dax.cpuMicros))),
    cpuMicrosByHttp: rounded(median(rounds.map((each) => each.http.cpuMicros))),
    p50Micros: rounded(median(rounds.map((each) => each.one.p50Micros))),
    p50MicrosOfEcho: rounded(median(rounds.map((each) => each.echo.p50Micros))),
    p50OverEcho: rounded(median(rounds.map((each) => each.one.p50Micros / each.echo.p50Micros))),
  }
}

export function daxText(hits: DaxHits): string {
  const { perSecond, perSecondByHttp, overHttp, cpuMicros, cpuMicrosByHttp, p50Micros, p50MicrosOfEcho, p50OverEcho } =
    hits
  return [
    `\nby DAX's protocol: ${perSecond} hits a second, by HTTP ${perSecondByHttp}: ${overHttp} times as many (the goal is 1.5)`,
    `processor time a hit: ${cpuMicros} µs, by HTTP ${cpuMicrosByHttp} µs`,
    `one connection: p50 ${p50Micros} µs, of a bare echo over TCP ${p50MicrosOfEcho} µs: ${p50OverEcho} times as long (the goal is 1.3)`,
  ].join('\n')
}
