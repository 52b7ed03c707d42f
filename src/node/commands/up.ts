/** `longitude up`: all regions on this machine, until Ctrl-C. */
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { pinoLog } from '../../adapters/pino-log.ts'
import { optionsOf, readOptions } from '../configuration.ts'
import { openDataFolder } from '../data-folder.ts'
import { findNatsServer } from '../nats-server/find.ts'
import { readRegions } from '../regions.ts'
import { startControlServer } from '../supervisor/control-server.ts'
import { lineSink } from '../supervisor/child-lines.ts'
import { layOut, linksControl, portsOf } from '../supervisor/layout.ts'
import type { Layout } from '../supervisor/layout.ts'
import { distancesOf, overviewText } from '../supervisor/overview.ts'
import type { RegionOverview } from '../supervisor/overview.ts'
import { requirePorts } from '../supervisor/ports.ts'
import { Supervisor } from '../supervisor/supervisor.ts'

/** What an abandoned run may need to end: more than the sentinel gives it. */
const abandonedMsMax = 8000

export async function runUp(command: Command, json: boolean): Promise<void> {
  const signal = stopSignal()
  const options = readOptions(command, optionsOf.up)
  const known = readRegions(options.regionsFolder)
  const layout = layOut(options, known)
  const readable = (options.logFormat ?? (process.stderr.isTTY && !json ? 'text' : 'json')) === 'text'
  // In a terminal the table is to stay in sight; what goes wrong is told all the same.
  const logLevel = options.logLevel ?? (readable ? 'warn' : 'info')
  const progress = (line: string): void => console.error(`longitude: ${line}`)
  const folder = openDataFolder(
    layout.data,
    layout.regions.map(({ name, number }) => ({ name, number })),
    {
      endpoints: Object.fromEntries(layout.regions.map(({ name, endpoint }) => [name, endpoint])),
      services: servicesOf(layout),
    },
  )
  try {
    await requirePorts(usesOf(layout, options.host), folder.abandoned ? abandonedMsMax : 0)
    const natsServer = await findNatsServer({ explicit: options.natsServer, progress })
    const supervisor = new Supervisor({
      ...options,
      logLevel,
      layout,
      natsServer: natsServer.path,
      program: [
        ...process.execArgv,
        fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../cli.ts' : '../cli.js', import.meta.url)),
      ],
      log: await pinoLog({ level: logLevel, readable, descriptor: 2 }),
      progress,
      sink: lineSink(readable),
    })
    progress(`nats-server ${natsServer.version} (${natsServer.path}); starting ${options.regions.join(', ')} …`)
    const control = await startControlServer({
      data: layout.data,
      faults: supervisor.faults,
      links: linksControl(options.basePort),
      endpoints: Object.fromEntries(layout.regions.map(({ name, endpoint }) => [name, endpoint])),
    })
    try {
      await run({ supervisor, layout, json, progress, signal })
    } finally {
      await control.close()
    }
  } finally {
    folder.release()
  }
}

type Run = {
  readonly supervisor: Supervisor
  readonly layout: Layout
  readonly json: boolean
  readonly progress: (line: string) => void
  readonly signal: StopSignal
}

async function run({ supervisor, layout, json, progress, signal }: Run): Promise<void> {
  const startedMs = performance.now()
  signal.onSecond(() => supervisor.killNow())
  try {
    const first = await Promise.race([supervisor.start(), signal.first])
    if (first === undefined) {
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
      const regions = overview(supervisor, layout)
      console.log(
        json
          ? JSON.stringify({
              regions,
              links: layout.links,
              services: servicesOf(layout),
              data: layout.data,
              processes: supervisor.processIds,
            })
          : `\n${overviewText(regions, servicesOf(layout))}\n`,
      )
      progress(`ready in ${seconds} s`)
    }
    progress(`stopping at ${await signal.first} …`)
  } finally {
    await supervisor.stop()
  }
  progress('stopped; the data is kept')
}

function overview(supervisor: Supervisor, layout: Layout): readonly RegionOverview[] {
  return supervisor.regions.map(({ plan, node, nats, cache }) => ({
    region: plan.name,
    city: plan.city,
    endpoint: plan.endpoint,
    ...(plan.cache === undefined ? {} : { cache: plan.cache.endpoint }),
    state: node.state,
    natsPort: plan.natsPort,
    processes: { node: node.pid, natsServer: nats.pid, ...(cache?.pid === undefined ? {} : { cache: cache.pid }) },
    distances: distancesOf(layout, plan.name),
  }))
}

/** What can be spoken to beside the regions. */
function servicesOf({ controlPort, frontDoor }: Layout): Readonly<Record<string, string>> {
  return {
    linksControl: `http://127.0.0.1:${controlPort}`,
    ...(frontDoor === undefined ? {} : { frontDoor: frontDoor.url }),
  }
}

function usesOf(layout: Layout, host: string): Parameters<typeof requirePorts>[0] {
  const endpoints = new Set([
    layout.frontDoor?.port,
    ...layout.regions.flatMap(({ port, cache }) => [port, cache?.port]),
  ])
  return portsOf(layout).map((use) => ({ ...use, host: endpoints.has(use.port) ? host : '127.0.0.1' }))
}

type StopSignal = { readonly first: Promise<string>; onSecond(act: () => void): void }

/** npm passes a Ctrl-C on that the terminal has sent to everybody already: a second one so soon is not a person's. */
const sameSignalMs = 1000

/** From the first line on, so that Ctrl-C during the start stops what was started. */
function stopSignal(): StopSignal {
  let firstMs: number | undefined
  let onSecond = (): void => {}
  const first = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        const nowMs = performance.now()
        firstMs ??= nowMs
        if (nowMs - firstMs > sameSignalMs) onSecond()
        else resolve(signal)
      })
    whenNpmIsGone(() => resolve('the end of npm'))
  })
  return {
    first,
    onSecond: (act) => {
      onSecond = act
    },
  }
}

const npmWatchMs = 250

/** Whoever kills `npm start` means what it runs, but what npm starts is not told when npm itself is killed. */
function whenNpmIsGone(act: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return
  const npm = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === npm) return
    clearInterval(timer)
    act()
  }, npmWatchMs).unref()
}
