/** `longitude up`: all regions on this machine, until Ctrl-C. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { pinoLog } from '../../../adapters/system/pino-log.ts'
import { unmeasured, watchTurns } from '../../../adapters/system/turn-watch.ts'
import { adminToken } from '../../../deployment/secrets/admin-token.ts'
import { consoleAddress } from '../../../console/key.ts'
import { readOptions, withoutSecretOptions } from '../../configuration.ts'
import { capacityText } from '../../options/capacity.ts'
import { readFunctionFile } from '../../../node/functions/function-file.ts'
import { MappedBuckets } from '../../../node/buckets/mapped-buckets.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { type DataFolder, type NodeEndpoints, openDataFolder } from '../../../deployment/data-folder.ts'
import { nodeDescriptorsMin, requireDescriptors } from '../../../process/descriptors.ts'
import { Failure, exitCode, messageOf } from '../../../process/failure.ts'
import type { PortCertificate } from '../../../http/secure.ts'
import { Lifecycle } from '../../../region/lifecycle.ts'
import { findNatsServer } from '../../../nats-server/find.ts'
import { isReadable, progressTo } from '../../../process/role.ts'
import { ownProgram } from '../../../process/own-program.ts'
import { signalStatus } from '../../../process/process-end.ts'
import { type Recorded, recordDeployment, stateFolder } from '../../../deployment/running-deployments.ts'
import { readCredentials } from '../../../deployment/secrets/identities/credentials-file.ts'
import { refuseOpenPort } from '../../../deployment/secrets/open-ports.ts'
import { readIdentities } from '../../../deployment/secrets/identities/identity-file.ts'
import { readRegions } from '../../../deployment/regions.ts'
import { startControlServer } from '../../../supervisor/control/supervisor-server.ts'
import { lineSink } from '../../../supervisor/children/child-lines.ts'
import { layOut, linksControl, portsOf } from '../../../deployment/layout.ts'
import type { Layout, LayoutOptions } from '../../../deployment/layout.ts'
import { distancesOf, overviewText } from '../../../supervisor/overview.ts'
import type { Member } from '../../../supervisor/children/members.ts'
import type { NodeOverview, RegionOverview } from '../../../supervisor/overview.ts'
import type { DeploymentTls } from '../../../supervisor/flags/tls-flags.ts'
import { requirePorts } from '../../../supervisor/required-ports.ts'
import { endRemains } from '../../../supervisor/children/remains.ts'
import { RecentLines } from '../../../supervisor/recent-lines.ts'
import type { Supervised } from '../../../supervisor/children/supervised.ts'
import { Supervisor } from '../../../supervisor/supervisor.ts'
import { type StopSignal, stopSignal } from './stop-signal.ts'
import { refuseOtherStores, refuseWithNodes } from './up-nodes.ts'
import { deploymentTls, speaksTls, type TlsOptions } from './up-tls.ts'

/** Ports are free a moment after what held them has ended. */
const portsFreeMsMax = 8000
const folderLookMs = 1000

export async function runUp(command: Command, json: boolean): Promise<void> {
  const signal = stopSignal()
  const life = new Lifecycle()
  const progress = progressTo(json)
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
  refuseOpenPort(options)
  if (options.credentials !== undefined) readCredentials(options.credentials)
  if (options.identities !== undefined) readIdentities(options.identities, options.accountId)
  if (options.functions !== undefined) readFunctionFile(options.functions)
  requireBuckets(options)
  refuseWithNodes(options)
  const layout = layOut({ ...options, tls: speaksTls(options) }, readRegions(options.regionsFolder))
  requireDescriptors(descriptorsOf(layout), 'longitude up')
  const claimed = await claim({ options, layout, life, progress, unlessStopped })
  const { supervisor, recent } = await supervise({ options, layout, life, progress, claimed, json })
  signal.onSecond(() => supervisor.killNow())
  const { natsServer, folder, recorded } = claimed
  progress(`nats-server ${natsServer.version} (${natsServer.path}); starting ${options.regions.join(', ')} …`)
  const control = await startControlServer({
    data: layout.data,
    port: layout.supervisorPort,
    token: claimed.token,
    tls: claimed.tls?.shown,
    faults: supervisor.faults,
    links: linksControl(options.basePort, claimed.tls !== undefined),
    endpoints: endpointsIn(layout),
    diagnosis: () => ({ lines: recent.lines, natsServer: natsServer.version, options: withoutSecretOptions(options) }),
  })
  life.add(() => control.close())
  claimed.keep()
  await unlessStopped(supervisor.start())
  print({ regions: overview(supervisor, layout), layout, supervisor, recorded, json, claimed })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  progress(`ready in ${seconds} s${recorded === undefined ? '' : `; commands find it as ${recorded.name}`}`)
  return { folderGone: watchFolder(folder, layout.data, life) }
}

/** Before anything is started. */
function requireBuckets({
  s3,
  backups,
}: {
  readonly s3?: string | undefined
  readonly backups?: string | undefined
}): void {
  const buckets = new MappedBuckets(s3)
  if (backups !== undefined) buckets.placeOf(backups)
}

type Options = ReturnType<typeof readOptions<(typeof optionsOf.up)[number]>>
type Claiming = Pick<Start, 'life' | 'progress'> & {
  readonly options: Options
  readonly layout: Layout
  readonly unlessStopped: <T>(step: Promise<T>) => Promise<T>
}
type Claimed = {
  readonly folder: DataFolder
  readonly recorded: Recorded | undefined
  readonly natsServer: Awaited<ReturnType<typeof findNatsServer>>
  readonly token: string
  readonly tls: (DeploymentTls & { readonly shown: PortCertificate }) | undefined
  /** From now on what is in the folder stays. */
  keep(): void
}

/** Makes sure of everything that the run needs for itself. What is refused until it keeps something leaves nothing behind. */
async function claim({ options, layout, life, progress, unlessStopped }: Claiming): Promise<Claimed> {
  const folder = await openDataFolder(
    layout.data,
    layout.regions.map(({ name, number }) => ({ name, number })),
    { endpoints: endpointsIn(layout), services: servicesOf(layout), nodes: nodesIn(layout) },
  )
  refuseOtherStores(layout)
  let isKept = false
  life.add(() => (isKept ? folder.release() : folder.discard()))
  const recorded = recordedAs(options, layout.data, progress)
  life.add(() => recorded?.forget())
  await unlessStopped(endRemains(folder.abandoned, progress))
  const freeMsMax = folder.abandoned.length > 0 ? portsFreeMsMax : 0
  await unlessStopped(requirePorts(usesOf(layout, options.host), freeMsMax))
  const natsServer = await unlessStopped(findNatsServer({ explicit: options.natsServer, progress }))
  const token = adminToken({ ...options, data: layout.data })
  const tls = await unlessStopped(deploymentTls(options, layout.data, progress))
  return { folder, recorded, natsServer, token, tls, keep: () => void (isKept = true) }
}

type Supervising = Pick<Start, 'life' | 'progress' | 'json'> & {
  readonly options: Options
  readonly layout: Layout
  readonly claimed: Claimed
}

type Supervision = { readonly supervisor: Supervisor; readonly recent: RecentLines }

async function supervise({ options, layout, life, progress, claimed, json }: Supervising): Promise<Supervision> {
  const readable = isReadable(options, json)
  // For people the table is to stay in sight; what goes wrong is shown all the same.
  const logLevel = options.logLevel ?? (readable ? 'warn' : 'info')
  const shown = lineSink(readable)
  const recent = new RecentLines()
  const sink = (line: string): void => {
    recent.add(line)
    shown(line)
  }
  const log = await pinoLog({ level: logLevel, readable: false, write: sink })
  const turns = watchTurns({ meter: unmeasured, log: log.with({ process: 'supervisor' }) })
  life.add(() => turns.stop())
  const supervisor = new Supervisor({
    ...options,
    capacityText: capacityText(options.capacity),
    adminToken: claimed.token,
    tls: claimed.tls,
    logLevel,
    layout,
    natsServer: claimed.natsServer.path,
    run: claimed.folder.run,
    program: ownProgram().slice(1),
    log,
    progress,
    sink,
  })
  life.add(() => supervisor.stop())
  return { supervisor, recent }
}

type Printed = {
  readonly regions: readonly RegionOverview[]
  readonly layout: Layout
  readonly supervisor: Supervisor
  readonly recorded: Recorded | undefined
  readonly json: boolean
  readonly claimed: Claimed
}

function print({ regions, layout, supervisor, recorded, json, claimed: { token, tls } }: Printed): void {
  const services = servicesOf(layout)
  if (!json) {
    // With its key for the person; programs ask for it by `longitude console --url`.
    const shown = layout.console === undefined ? {} : { console: consoleAddress(layout.console.url, token) }
    return console.log(`\n${overviewText(regions, { ...services, ...shown }, tls?.ca)}\n`)
  }
  const name = recorded === undefined ? {} : { name: recorded.name }
  const { links, data } = layout
  const authority = tls?.ca === undefined ? {} : { authority: tls.ca }
  console.log(
    JSON.stringify({ ...name, regions, links, services, data, ...authority, processes: supervisor.processIds }),
  )
}

function endpointsIn({ regions }: Layout): Readonly<Record<string, string>> {
  return Object.fromEntries(regions.map(({ name, endpoint }) => [name, endpoint]))
}

function nodesIn({ regions }: Layout): NodeEndpoints {
  return Object.fromEntries(
    regions.flatMap(({ name, endpoint, nodes }) => {
      const { protocol } = new URL(endpoint)
      const own = nodes.map((node) => [node.name, `${protocol}//127.0.0.1:${node.port}`])
      return own.length === 0 ? [] : [[name, Object.fromEntries(own) as Readonly<Record<string, string>>]]
    }),
  )
}

type Recordable = LayoutOptions &
  TlsOptions & {
    readonly name?: string | undefined
    readonly adminTokenFile?: string | undefined
    readonly credentials?: string | undefined
    readonly identities?: string | undefined
    readonly regionsFolder?: string | undefined
  }

/** So that commands find it from any folder. Where nothing can be written they find it by --data alone. */
function recordedAs(options: Recordable, data: string, progress: (line: string) => void): Recorded | undefined {
  const { name, adminTokenFile, credentials, identities, regionsFolder, tlsCa } = options
  const {
    regions,
    basePort,
    host,
    cache,
    nodes = 1,
    frontDoor = false,
    frontDoorPort,
    console = false,
    consolePort,
  } = options
  try {
    return recordDeployment(
      {
        data,
        basePort,
        regions: [...regions],
        host,
        cache,
        nodes,
        frontDoor,
        ...(frontDoorPort === undefined ? {} : { frontDoorPort }),
        console,
        tls: speaksTls(options),
        ...(tlsCa === undefined ? {} : { tlsCa: resolve(tlsCa) }),
        ...(consolePort === undefined ? {} : { consolePort }),
        ...(regionsFolder === undefined ? {} : { regionsFolder: resolve(regionsFolder) }),
        ...(adminTokenFile === undefined ? {} : { adminTokenFile: resolve(adminTokenFile) }),
        ...(credentials === undefined ? {} : { credentials: resolve(credentials) }),
        ...(identities === undefined ? {} : { identities: resolve(identities) }),
      },
      { name },
    )
  } catch (error) {
    if (error instanceof Failure) throw error
    progress(`${stateFolder()} cannot be written (${messageOf(error)}): commands find these regions by --data ${data}`)
    return undefined
  }
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
  return supervisor.regions.map(({ plan, members, balancer, cache }) => {
    const [first] = members
    return {
      region: plan.name,
      city: plan.city,
      endpoint: plan.endpoint,
      ...(plan.cache === undefined ? {} : { cache: plan.cache.endpoint, dax: plan.cache.dax.url }),
      ...stateOf([...members.flatMap(({ node, nats }) => [node, nats]), balancer, cache]),
      natsPort: plan.natsPort,
      processes: {
        node: first?.node.pid,
        natsServer: first?.nats.pid,
        ...(cache?.pid === undefined ? {} : { cache: cache.pid }),
      },
      ...(plan.nodes.length === 0 ? {} : { nodes: members.map(nodeOverview) }),
      distances: distancesOf(layout, plan.name),
    }
  })
}

function nodeOverview({ plan, node, nats, quorum }: Member): NodeOverview {
  const processes = { node: node.pid, natsServer: nats.pid, quorumServer: quorum()?.pid }
  return { node: plan.of?.node.name ?? '', folder: plan.folder, state: node.state, processes }
}

/** A region is as well as the least of its processes. */
function stateOf([node, ...others]: readonly (Supervised | undefined)[]): Pick<RegionOverview, 'state' | 'reason'> {
  const failed = [node, ...others].find((one) => one?.state === 'failed')
  if (failed === undefined) return { state: node?.state ?? 'stopped' }
  return { state: 'failed', reason: failed.reason ?? 'it could not start' }
}

/** Those of this process: its children, and every port tried at once. A node alone needs more than these of few regions. */
function descriptorsOf(layout: Layout): number {
  const nodes = layout.regions.reduce((sum, { nodes: all }) => sum + Math.max(1, all.length), 0)
  return Math.max(nodeDescriptorsMin, 64 + 16 * nodes + layout.links.length)
}

/** What can be spoken to beside the regions. */
function servicesOf({ controlUrl, frontDoor, console }: Layout): Readonly<Record<string, string>> {
  return {
    ...(console === undefined ? {} : { console: console.url }),
    linksControl: controlUrl,
    ...(frontDoor === undefined ? {} : { frontDoor: frontDoor.url }),
  }
}

function usesOf(layout: Layout, host: string): Parameters<typeof requirePorts>[0] {
  const endpoints = new Set([
    layout.frontDoor?.port,
    ...layout.regions.flatMap(({ port, cache }) => [port, cache?.port, cache?.dax.port]),
  ])
  return portsOf(layout).map((use) => ({ ...use, host: endpoints.has(use.port) ? host : '127.0.0.1' }))
}
