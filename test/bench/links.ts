/**
 * What the links do to time and to throughput, each beside the same thing without a link in the same run: how far the
 * delay that they add is from the one that they were given, alone and with 64 talking connections, what a link at full
 * speed carries of what a socket carries, and the processor time that it takes.
 */
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { LinksControl } from '../../src/links/control/links-client.ts'
import { testAdminToken } from '../admin-token.ts'
import { cpuMsOf, startFarEnd, startLinks } from './children.ts'
import { median, quantile, rounded, table } from './figures.ts'

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})
const size = flags.quick ? { pings: 40, rounds: 3, megabytes: 200 } : { pings: 200, rounds: 7, megabytes: 600 }
const distancesMs = [10, 80, 200]
const crowd = 64

const farEnd = await startFarEnd()
const links = await startLinks(
  [...distancesMs, 0].map((rtt) => ({ rtt, target: rtt === 0 ? farEnd.sink : farEnd.echo })),
)
const control = new LinksControl({ urls: [links.control], token: testAdminToken })
try {
  const result = { added: await added(), throughput: await throughput(), limited: await limited() }
  if (flags.json) console.log(JSON.stringify(result))
  else report(result)
} finally {
  await links.stop()
  await farEnd.stop()
}

type Added = { readonly distanceMs: number; readonly connections: number; readonly p50: number; readonly p99: number }

/** Measured round trip, less the configured one, less what the same exchange takes without a link. */
async function added(): Promise<readonly Added[]> {
  const all: Added[] = []
  for (const [index, distanceMs] of distancesMs.entries())
    for (const connections of [1, crowd]) {
      const link = await dialAll(links.ports[index] ?? 0, connections)
      const direct = await dialAll(farEnd.echo, connections)
      const count = Math.max(Math.ceil(size.pings / connections), 5)
      // Side by side and as often, so that whatever else the machine does is in both.
      const [without, measured] = await Promise.all([pings(direct, count, distanceMs), pings(link, count)])
      const errors = measured.map((ms) => ms - distanceMs - median(without))
      all.push({ distanceMs, connections, p50: median(errors), p99: quantile(errors, 0.99) })
      for (const socket of [...link, ...direct]) socket.destroy()
    }
  return all
}

type Throughput = {
  readonly directMegabytesPerSecond: number
  readonly linkMegabytesPerSecond: number
  readonly ratio: number
  readonly cpuMsPerMegabyte: number
}

async function throughput(): Promise<Throughput> {
  const runs: { direct: number; link: number; cpu: number }[] = []
  await transfer(farEnd.sink, size.megabytes / 4)
  for (let round = 0; round < size.rounds; round++) {
    const direct = size.megabytes / (await transfer(farEnd.sink, size.megabytes))
    const cpuBefore = cpuMsOf(links.pid)
    const link = size.megabytes / (await transfer(links.ports.at(-1) ?? 0, size.megabytes))
    runs.push({ direct, link, cpu: (cpuMsOf(links.pid) - cpuBefore) / size.megabytes })
  }
  return {
    directMegabytesPerSecond: median(runs.map(({ direct }) => direct)),
    linkMegabytesPerSecond: median(runs.map(({ link }) => link)),
    ratio: median(runs.map(({ direct, link }) => link / direct)),
    cpuMsPerMegabyte: median(runs.map(({ cpu }) => cpu)),
  }
}

/** What comes through of a bandwidth, and of a link with 80 ms at no limit. */
async function limited(): Promise<readonly { readonly what: string; readonly megabytesPerSecond: number }[]> {
  const port = links.ports.at(-1) ?? 0
  const rows: { what: string; megabytesPerSecond: number }[] = []
  for (const [change, megabytes] of [
    [{ bandwidth: '50mbit' }, 15],
    [{ bandwidth: '1gbit' }, 200],
    [{ rtt: '80ms' }, size.megabytes],
  ] as const) {
    await control.set({ links: ['all'], ...change })
    rows.push({ what: Object.values(change).join(), megabytesPerSecond: megabytes / (await transfer(port, megabytes)) })
    await control.heal()
  }
  return rows
}

/** Seconds until all has arrived. */
async function transfer(port: number, megabytes: number): Promise<number> {
  const [socket] = await dialAll(port, 1)
  if (socket === undefined) throw new Error('no connection')
  const chunk = Buffer.alloc(64_000)
  let left = Math.round(megabytes) * 1e6
  let confirmed = 0
  const started = performance.now()
  await new Promise<void>((resolve) => {
    socket.on('data', (answer: Buffer) => {
      confirmed += answer.length
      if (confirmed >= Math.round(megabytes)) resolve()
    })
    const write = (): void => {
      let room = true
      while (left > 0 && room) {
        const part = left >= chunk.length ? chunk : chunk.subarray(0, left)
        left -= part.length
        room = socket.write(part)
      }
    }
    socket.on('drain', write)
    write()
  })
  const seconds = (performance.now() - started) / 1000
  socket.destroy()
  return seconds
}

async function pings(sockets: readonly Socket[], count: number, restMs = 0): Promise<readonly number[]> {
  await Promise.all(sockets.map(ping))
  const all = await Promise.all(
    sockets.map(async (socket) => {
      const times: number[] = []
      for (let n = 0; n < count; n++) {
        times.push(await ping(socket))
        // Or all would go on talking in one breath, at one moment of every round trip.
        await pause(restMs + Math.random() * 10)
      }
      return times
    }),
  )
  return all.flat()
}

async function ping(socket: Socket): Promise<number> {
  const started = performance.now()
  return await new Promise((resolve) => {
    socket.once('data', () => resolve(performance.now() - started))
    socket.write('x')
  })
}

async function dialAll(port: number, count: number): Promise<readonly Socket[]> {
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true })
      await new Promise((resolve, reject) => {
        socket.once('connect', resolve).once('error', reject)
      })
      return socket
    }),
  )
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

type Result = {
  readonly added: readonly Added[]
  readonly throughput: Throughput
  readonly limited: Awaited<ReturnType<typeof limited>>
}

function report({ added: errors, throughput: speed, limited: rates }: Result): void {
  console.log('\nround trip measured less configured, and less that of a direct connection (ms)\n')
  console.log(
    table([
      ['configured', 'connections', 'p50', 'p99'],
      ...errors.map(({ distanceMs, connections, p50, p99 }) => [
        `${distanceMs} ms`,
        connections,
        p50.toFixed(2),
        p99.toFixed(2),
      ]),
    ]),
  )
  console.log('\none connection at full speed (MB/s, of a million bytes)\n')
  console.log(
    table([
      ['', 'MB/s'],
      ['direct', rounded(speed.directMegabytesPerSecond)],
      ['link without distance', rounded(speed.linkMegabytesPerSecond)],
      ...rates.map(({ what, megabytesPerSecond }) => [`link at ${what}`, rounded(megabytesPerSecond)]),
    ]),
  )
  console.log(
    `\nlink over direct ${rounded(speed.ratio)}, processor time of the link ${rounded(speed.cpuMsPerMegabyte)} ms/MB`,
  )
}
