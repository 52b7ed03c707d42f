/** `longitude up`: all regions on this machine, until Ctrl-C. */
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { pinoLog } from '../../adapters/system/pino-log.ts'
import { unmeasured, watchTurns } from '../../adapters/system/turn-watch.ts'
import { adminToken } from '../../deployment/secrets/admin-token.ts'
import { optionsOf, readOptions } from '../configuration.ts'
import { type DataFolder, openDataFolder } from '../../deployment/data-folder.ts'
import { nodeDescriptorsMin, requireDescriptors } from '../../process/descriptors.ts'
import { Failure, exitCode } from '../../process/failure.ts'
import { Lifecycle } from '../../region/lifecycle.ts'
import { findNatsServer } from '../../nats-server/find.ts'
import { signalStatus } from '../../process/process-end.ts'
import { readRegions } from '../../deployment/regions.ts'
import { startControlServer } from '../../supervisor/control-server.ts'
import { lineSink } from '../../supervisor/child-lines.ts'
import { layOut, linksControl, portsOf } from '../../deployment/layout.ts'
import type { Layout } from '../../deployment/layout.ts'
import { distancesOf, overviewText } from '../../supervisor/overview.ts'
import type { RegionOverview } from '../../supervisor/overview.ts'
import { requirePorts } from '../../supervisor/ports.ts'
import { endRemains } from '../../supervisor/remains.ts'
import type { Supervised } from '../../supervisor/supervised.ts'
import { Supervisor } from '../../supervisor/supervisor.ts'

/** Ports are free a moment after what held them has ended. */
const portsFreeMsMax = 8000
const folderLookMs = 1000

export async function runUp(command: Command, json: boolean): Promise<void> {
  const signal = stopSignal()
  const life = new Lifecycle()
  const progress = (line: string): void => console.error(`longitude: ${line}`)
  try {
    const running = await start({ command, json, life, progress, signal })
    progress(`stopping at ${await Promise.race([signal.first, running.folderGone])} …`)
    await life.stop()
    progress('stopped; the data is kept')
  } catch (error) {
    if (!(error instanceof StoppedEarly)) {
      await life.undo()
      throw error
    }
    progress(`stopping at ${error.reason}, before all regions were ready …`)
    await life.stop()
    progress('stopped; nothing that was started is left, and the data is kept')
    process.exit(error.status)
  }
}

/** Asked to stop while it was starting. */
class StoppedEarly extends Error {
  readonly reason: string

  constructor(reason: string) {
    super(reason)
    this.reason = reason
  }

  get status(): number {
    return Object.entries(signalStatus).find(([name]) => name === this.reason)?.[1] ?? exitCode.failure
  }
}

type Start = {
  readonly command: Command
  readonly json: boolean
  readonly life: Lifecycle
  readonly progress: (line: string) => void
  readonly signal: StopSignal
}

type Running = { /** Rejects when the data folder is removed. */ readonly folderGone: Promise<never> }

/** Registers in `life` what it starts, as soon as it is there. */
async function start({ command, json, life, progress, signal }: Start): Promise<Running> {
  const startedMs = performance.now()
  const stopped = signal.first.then((reason) => {
    throw new StoppedEarly(reason)
  })
  const unlessStopped = async <T>(step: Promise<T>): Promise<T> => await Promise.race([stopped, step])
  const options = readOptions(command, optionsOf.up)
  const known = readRegions(options.regionsFolder)
  const layout = layOut(options, known)
  requireDescriptors(descriptorsOf(layout), 'longitude up')
  const readable = (options.logFormat ?? (process.stderr.isTTY && !json ? 'text' : 'json')) === 'text'
  // In a terminal the table is to stay in sight; what goes wrong is shown all the same.
  const logLevel = options.logLevel ?? (readable ? 'warn' : 'info')
  const endpoints = Object.fromEntries(layout.regions.map(({ name, endpoint }) => [name, endpoint]))
  const folder = await openDataFolder(
    layout.data,
    layout.regions.map(({ name, number }) => ({ name, number })),
    { endpoints, services: servicesOf(layout) },
  )
  life.add(() => folder.release())
  await unlessStopped(endRemains(folder.abandoned, progress))
  const freeMsMax = folder.abandoned.length > 0 ? portsFreeMsMax : 0
  await unlessStopped(requirePorts(usesOf(layout, options.host), freeMsMax))
  const natsServer = await unlessStopped(findNatsServer({ explicit: options.natsServer, progress }))
  const token = adminToken({ ...options, data: layout.data })
  const log = await pinoLog({ level: logLevel, readable, descriptor: 2 })
  const turns = watchTurns({ meter: unmeasured, log: log.with({ process: 'supervisor' }) })
  life.add(() => turns.stop())
  const supervisor = new Supervisor({
    ...options,
    adminToken: token,
    logLevel,
    layout,
    natsServer: natsServer.path,
    run: folder.run,
    program: [
      ...process.execArgv,
      fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../cli.ts' : '../cli.js', import.meta.url)),
    ],
    log,
    progress,
    sink: lineSink(readable),
  })
  life.add(() => supervisor.stop())
  signal.onSecond(() => supervisor.killNow())
  progress(`nats-server ${natsServer.version} (${natsServer.path}); starting ${options.regions.join(', ')} …`)
  const control = await startControlServer({
    data: layout.data,
    token,
    faults: supervisor.faults,
    links: linksControl(options.basePort),
    endpoints,
  })
  life.add(() => control.close())
  await unlessStopped(supervisor.start())
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
  progress(`ready in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
  return { folderGone: watchFolder(folder, layout.data, life) }
}

/** Without its lock the folder can be given to another run: this one must not go on. */
async function watchFolder(folder: DataFolder, path: string, life: Lifecycle): Promise<never> {
  return await new Promise<never>((_, reject) => {
    const timer = setInterval(() => {
      if (folder.isOurs()) return
      clearInterval(timer)
      reject(
        new Failure(`the data folder ${path}, or its longitude.lock, was removed while it was in use; all is stopped`),
      )
    }, folderLookMs)
    life.add(() => clearInterval(timer))
  })
}

function overview(supervisor: Supervisor, layout: Layout): readonly RegionOverview[] {
  return supervisor.regions.map(({ plan, node, nats, cache }) => ({
    region: plan.name,
    city: plan.city,
    endpoint: plan.endpoint,
    ...(plan.cache === undefined ? {} : { cache: plan.cache.endpoint }),
    ...stateOf([node, nats, cache]),
    natsPort: plan.natsPort,
    processes: { node: node.pid, natsServer: nats.pid, ...(cache?.pid === undefined ? {} : { cache: cache.pid }) },
    distances: distancesOf(layout, plan.name),
  }))
}

/** A region is as well as the least of its processes. */
function stateOf([node, ...others]: readonly (Supervised | undefined)[]): Pick<RegionOverview, 'state' | 'reason'> {
  const failed = [node, ...others].find((one) => one?.state === 'failed')
  if (failed === undefined) return { state: node?.state ?? 'stopped' }
  return { state: 'failed', reason: failed.reason ?? 'it could not start' }
}

/** Those of this process: its children, and every port tried at once. A node alone needs more than these of few regions. */
function descriptorsOf(layout: Layout): number {
  return Math.max(nodeDescriptorsMin, 64 + 16 * layout.regions.length + layout.links.length)
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
