/**
 * What the links do to time and to throughput, each beside the same thing without a link in the same run: how far the
 * delay that they add is from the one that they were given (link-delays.ts), what a link at full speed carries of what a socket
 * carries, and the processor time that it takes.
 */
import { LinksControl } from '../../src/links/control/links-client.ts'
import { testAdminToken } from '../admin-token.ts'
import { cpuMsOf, startFarEnd, startFrontDoor, started, startLinks, startVantage, stopAll } from './children.ts'
import { median, rounded, table } from './figures.ts'
import { flagsOf } from './flags.ts'
import { aim, measureDelays, type Off, type Places } from './link-delays.ts'
import { dialAll } from './link-exchanges.ts'
import { machine } from './machine.ts'

const flags = flagsOf(`npm run bench:links -- [options]

  --quick   within a minute
  --json    the figures alone`)
const size = flags.quick ? { exchanges: 60, rounds: 3, megabytes: 200 } : { exchanges: 300, rounds: 7, megabytes: 600 }
const distancesMs = [10, 80, 200]
/** Between Sydney and Virginia (regions/latency.json). */
const vantageMs = 199.8
const frontDoorMs = 80

const about = machine()
try {
  const farEnd = await started(startFarEnd())
  const behind = [farEnd.echo, farEnd.clock, farEnd.secure] as const
  const far = distancesMs.flatMap((rtt) => behind.map((target) => ({ rtt, target })))
  const orders = [...far, { rtt: frontDoorMs, target: farEnd.http }, { rtt: 0, target: farEnd.sink }]
  const links = await started(startLinks(orders))
  const control = new LinksControl({ urls: [links.control], token: testAdminToken })
  const vantage = await started(startVantage(farEnd.http))
  const near = await started(startFrontDoor(farEnd.http))
  const behindLink = await started(startFrontDoor(links.ports.at(-2) ?? 0))
  const portsOf = (n: number) => {
    const [echo = 0, clock = 0, secure = 0] = links.ports.slice(n * behind.length)
    return { echo, clock, secure }
  }
  const places: Places = {
    farEnd,
    links: new Map(distancesMs.map((rtt, n) => [rtt, portsOf(n)])),
    vantage: { port: vantage.port, roundTripMs: vantageMs },
    frontDoor: { near: near.port, far: behindLink.port, roundTripMs: frontDoorMs },
  }
  const sinks = { direct: farEnd.sink, link: links.ports.at(-1) ?? 0, pid: links.pid }
  const result = {
    machine: about,
    delays: await measureDelays(places, size.exchanges),
    throughput: await throughput(sinks),
    limited: await limited(sinks, control),
  }
  if (flags.json) console.log(JSON.stringify(result))
  else report(result)
} finally {
  await stopAll()
}

type Sinks = { readonly direct: number; readonly link: number; readonly pid: number }

type Throughput = {
  readonly directMegabytesPerSecond: number
  readonly linkMegabytesPerSecond: number
  readonly ratio: number
  readonly cpuMsPerMegabyte: number
}

async function throughput(sinks: Sinks): Promise<Throughput> {
  const runs: { direct: number; link: number; cpu: number }[] = []
  await transfer(sinks.direct, size.megabytes / 4)
  for (let round = 0; round < size.rounds; round++) {
    const direct = size.megabytes / (await transfer(sinks.direct, size.megabytes))
    const cpuBefore = cpuMsOf(sinks.pid)
    const link = size.megabytes / (await transfer(sinks.link, size.megabytes))
    runs.push({ direct, link, cpu: (cpuMsOf(sinks.pid) - cpuBefore) / size.megabytes })
  }
  return {
    directMegabytesPerSecond: median(runs.map(({ direct }) => direct)),
    linkMegabytesPerSecond: median(runs.map(({ link }) => link)),
    ratio: median(runs.map(({ direct, link }) => link / direct)),
    cpuMsPerMegabyte: median(runs.map(({ cpu }) => cpu)),
  }
}

/** What comes through of a bandwidth, and of a link with 80 ms at no limit. */
type Limited = readonly { readonly what: string; readonly megabytesPerSecond: number }[]

async function limited({ link: port }: Sinks, control: LinksControl): Promise<Limited> {
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
  const startedMs = performance.now()
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
  const seconds = (performance.now() - startedMs) / 1000
  socket.destroy()
  return seconds
}

type Result = { readonly delays: readonly Off[]; readonly throughput: Throughput; readonly limited: Limited }

function report({ delays, throughput: speed, limited: rates }: Result): void {
  console.log('\nmeasured less configured, and less the same without a link (ms)\n')
  console.log(
    table([
      ['', 'configured', 'p50', 'p99', `wanted: ${aim.p50Ms} and ${aim.p99Ms} ms`],
      ...delays.map(({ what, configuredMs, p50, p99 }) => [
        what,
        `${configuredMs} ms`,
        p50.toFixed(2),
        p99.toFixed(2),
        Math.abs(p50) <= aim.p50Ms && p99 <= aim.p99Ms ? '' : 'NOT HELD',
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
