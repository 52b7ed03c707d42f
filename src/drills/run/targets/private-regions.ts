/**
 * Regions of a drill's own: all processes of `longitude up`, in a temporary folder and on free ports, that nobody else uses
 * and that are gone with the drill, also when it is killed.
 */
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pinoLog } from '../../../adapters/system/pino-log.ts'
import { adminToken } from '../../../deployment/secrets/admin-token.ts'
import { endpointsOf, openDataFolder, runsOf } from '../../../deployment/data-folder.ts'
import { type OwnDeployment, type Recorded, recordDeployment } from '../../../deployment/running-deployments.ts'
import { Failure } from '../../../process/failure.ts'
import { LinksControl } from '../../../links/control/links-client.ts'
import { findNatsServer } from '../../../nats-server/find.ts'
import { ownProgram } from '../../../process/own-program.ts'
import { readRegions } from '../../../deployment/regions.ts'
import { lineSinkTo } from '../../../supervisor/children/child-lines.ts'
import { type Layout, layOut, linksControl, portsOf } from '../../../deployment/layout.ts'
import { requirePorts } from '../../../supervisor/required-ports.ts'
import { endRemains } from '../../../supervisor/children/remains.ts'
import { Supervisor } from '../../../supervisor/supervisor.ts'
import { ownParts, processTarget } from './process-target.ts'
import type { Target } from './target.ts'

export type PrivateOptions = {
  readonly regions: readonly string[]
  readonly owner: string
  readonly natsServer?: string | undefined
  readonly regionsFolder?: string | undefined
  readonly latency: boolean
  /** Of each region; 1 unless given. */
  readonly nodes?: number
  /** Where the processes' own logs go. */
  readonly logFile: string
  /** The file of functions that their triggers may invoke. */
  readonly functions?: string | undefined
  /** Their tables may have keys of their own. */
  readonly hasKeys?: boolean
  readonly progress: (line: string) => void
  /** Commands find the regions by this name while they run. */
  readonly recordAs?: string
}

const prefix = 'longitude-drill-'
const host = '127.0.0.1'
const triesMax = 10

export async function startPrivateRegions(options: PrivateOptions): Promise<Target> {
  await removeAbandoned()
  const natsServer = await findNatsServer({ explicit: options.natsServer, progress: options.progress })
  const data = mkdtempSync(join(tmpdir(), prefix))
  const layout = await freeLayout(options, data)
  const endpoints = Object.fromEntries(layout.regions.map(({ name, endpoint }) => [name, endpoint]))
  const basePort = layout.regions[0]?.port ?? 0
  const services = { linksControl: linksControl(basePort) }
  const folder = await openDataFolder(data, layout.regions, { endpoints, services })
  const recorded = recordedAs(options, { data, basePort, host, cache: false, frontDoor: false, console: false })
  const descriptor = openSync(options.logFile, 'a')
  const token = adminToken({ data })
  const supervisor = new Supervisor({
    layout,
    natsServer: natsServer.path,
    run: folder.run,
    program: ownProgram().slice(1),
    host,
    adminToken: token,
    logLevel: 'info',
    accountId: '000000000000',
    regionsFolder: options.regionsFolder,
    ...beside(options, data),
    log: await pinoLog({ level: 'info', readable: false, descriptor }),
    sink: lineSinkTo(descriptor),
    progress: () => undefined,
  })
  const close = async (): Promise<void> => {
    recorded?.forget()
    await supervisor.stop()
    await folder.release()
    closeSync(descriptor)
    rmSync(data, { recursive: true, force: true })
  }
  try {
    await startAll(supervisor)
    return await processTarget({
      description: `regions of the drill's own on this machine (nats-server ${natsServer.version})`,
      owner: options.owner,
      endpoints,
      parts: ownParts(supervisor.faults),
      token,
      links: new LinksControl({ urls: [services.linksControl], token }),
      close,
    })
  } catch (error) {
    await close()
    throw error
  }
}

/** Keys lie with the data, which goes with the drill. */
const beside = ({ functions, hasKeys = false }: PrivateOptions, data: string) => ({
  functions,
  ...(hasKeys ? { keyring: join(data, 'keyring'), kms: join(data, 'kms') } : {}),
})

async function startAll(supervisor: Supervisor): Promise<void> {
  const [failed] = await supervisor.start()
  if (failed !== undefined) throw new Failure(`${failed.region}: ${failed.reason}`)
}

/** A name that is taken, or a folder that cannot be written, changes nothing of the regions. */
function recordedAs(
  { recordAs: name, regions, regionsFolder, nodes = 1 }: PrivateOptions,
  own: OwnDeployment,
): Recorded | undefined {
  if (name === undefined) return undefined
  const folder = regionsFolder === undefined ? {} : { regionsFolder }
  try {
    return recordDeployment({ ...own, nodes, regions: [...regions], ...folder }, { name })
  } catch {
    return undefined
  }
}

async function freeLayout(
  { regions, latency, regionsFolder, nodes = 1 }: PrivateOptions,
  data: string,
): Promise<Layout> {
  const known = readRegions(regionsFolder)
  for (let tries = 1; ; tries++) {
    // Below where the system itself gives ports to connections.
    const basePort = 10_000 + Math.floor(Math.random() * 2000) * 10
    const layout = layOut({ regions, basePort, data, host, latency, nodes, cache: false }, known)
    try {
      await requirePorts(
        portsOf(layout).map((use) => ({ ...use, host })),
        0,
      )
      return layout
    } catch (error) {
      if (tries === triesMax || !(error instanceof Failure)) throw error
    }
  }
}

/** Folders of drills that were killed, with what is left of their processes. */
async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const folder = join(tmpdir(), name)
    if (!name.startsWith(prefix) || !existsSync(join(folder, 'longitude.lock'))) continue
    if (endpointsOf(folder) !== undefined) continue
    await endRemains(runsOf(folder), () => undefined)
    rmSync(folder, { recursive: true, force: true })
  }
}
