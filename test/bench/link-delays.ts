/**
 * How far what is measured is from what was configured: round trips and each direction of links, requests through a vantage and through a front
 * door, and first requests of new connections. Each is held against the same exchange without a link in the same run.
 */
import type { FarEnd } from './children.ts'
import { median, quantile } from './figures.ts'
import { bothWays, byte, dialAll, exchanges, firstExchange, httpRequest, pause } from './link-exchanges.ts'

export type Places = {
  readonly farEnd: FarEnd
  /** By their round trip. */
  readonly links: ReadonlyMap<number, { readonly echo: number; readonly clock: number; readonly secure: number }>
  readonly vantage: { readonly port: number; readonly roundTripMs: number }
  /** Before the far end itself, and before a link to it. */
  readonly frontDoor: { readonly near: number; readonly far: number; readonly roundTripMs: number }
}

export type Off = {
  readonly what: string
  /** What should be added to the same without a link. */
  readonly configuredMs: number
  readonly p50: number
  readonly p99: number
}

export const aim = { p50Ms: 1, p99Ms: 3 }
const crowd = 64
/** Idle processors and timers take longer to wake: that is how links are used most of the time. */
const restMs = 20

export async function measureDelays(places: Places, count: number): Promise<readonly Off[]> {
  const rows: Off[] = []
  for (const [roundTripMs, { echo }] of places.links)
    for (const connections of [1, crowd]) {
      const what = `link, ${connections === 1 ? 'one connection' : `${connections} connections`}`
      rows.push(
        await beside({ what, port: echo, direct: places.farEnd.echo, sent: byte, connections, roundTripMs }, count),
      )
    }
  rows.push(...(await directions(places, count)), ...(await requests(places, count)))
  rows.push(...(await newConnections(places, Math.ceil(count / 4))))
  return rows
}

type Beside = {
  readonly what: string
  readonly port: number
  readonly direct: number
  readonly sent: Buffer
  readonly connections: number
  readonly roundTripMs: number
}

/** Side by side and as often, so that whatever else the machine does is in both. */
async function beside(of: Beside, count: number): Promise<Off> {
  const { what, port, direct, sent, connections, roundTripMs } = of
  const [far, near] = [await dialAll(port, connections), await dialAll(direct, connections)]
  const each = Math.max(Math.ceil(count / connections), 5)
  const [without, measured] = await Promise.all([
    exchanges({ sockets: near, count: each, sent, restMs: restMs + roundTripMs }),
    exchanges({ sockets: far, count: each, sent, restMs }),
  ])
  for (const socket of [...far, ...near]) socket.destroy()
  return off(what, roundTripMs, { measured, without })
}

async function directions({ farEnd, links }: Places, count: number): Promise<readonly Off[]> {
  const rows: Off[] = []
  for (const [roundTripMs, { clock }] of links) {
    const [[far], [near]] = [await dialAll(clock, 1), await dialAll(farEnd.clock, 1)]
    if (far === undefined || near === undefined) throw new Error('no connection')
    const [measured, without]: [(readonly [number, number])[], (readonly [number, number])[]] = [[], []]
    for (let n = 0; n <= count; n++) {
      await pause(restMs + Math.random() * 10)
      const both = [await bothWays(far), await bothWays(near)] as const
      if (n === 0) continue
      measured.push(both[0])
      without.push(both[1])
    }
    for (const socket of [far, near]) socket.destroy()
    for (const [index, what] of ['link, there', 'link, back'].entries()) {
      const of = (all: readonly (readonly [number, number])[]): number[] => all.map((both) => both[index] ?? 0)
      rows.push(off(what, roundTripMs / 2, { measured: of(measured), without: of(without) }))
    }
  }
  return rows
}

async function requests({ farEnd, vantage, frontDoor }: Places, count: number): Promise<readonly Off[]> {
  const common = { direct: farEnd.http, sent: httpRequest, connections: 1 }
  return [
    await beside({ ...common, what: 'vantage, a request', ...vantage }, count),
    await beside({ ...common, what: 'front door, a request', port: frontDoor.near, roundTripMs: 0 }, count),
    await beside({ ...common, what: 'front door and a link, a request', ...frontDoor, port: frontDoor.far }, count),
  ]
}

/** TCP takes a round trip to connect and one for the request; TLS 1.3 one more. */
async function newConnections({ farEnd, links, vantage }: Places, count: number): Promise<readonly Off[]> {
  const rows: Off[] = []
  const first = async (what: string, ports: readonly [far: number, near: number], of: First): Promise<void> => {
    const [measured, without]: [number[], number[]] = [[], []]
    for (let n = 0; n < count; n++) {
      measured.push(await firstExchange(ports[0], of.sent, of.isSecure))
      without.push(await firstExchange(ports[1], of.sent, of.isSecure))
      await pause(restMs)
    }
    rows.push(off(what, of.addedMs, { measured, without }))
  }
  for (const [roundTripMs, { echo, secure }] of links) {
    await first('link, connect and first byte: 2 round trips', [echo, farEnd.echo], {
      sent: byte,
      addedMs: 2 * roundTripMs,
    })
    await first('link, the same by TLS: 3 round trips', [secure, farEnd.secure], {
      sent: byte,
      addedMs: 3 * roundTripMs,
      isSecure: true,
    })
  }
  await first('vantage, connect and first request: 2 round trips', [vantage.port, farEnd.http], {
    sent: httpRequest,
    addedMs: 2 * vantage.roundTripMs,
  })
  return rows
}

type First = { readonly sent: Buffer; readonly addedMs: number; readonly isSecure?: boolean }

type Times = { readonly measured: readonly number[]; readonly without: readonly number[] }

function off(what: string, configuredMs: number, { measured, without }: Times): Off {
  const errors = measured.map((ms) => ms - configuredMs - median(without))
  return { what, configuredMs, p50: median(errors), p99: quantile(errors, 0.99) }
}
