/**
 * Real regions for the chaos tests: each with its own nats-server and its own `longitude node`, as processes that a test
 * may kill, stop and start one by one, and links between them that it may cut.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LinkPlan, Links } from '../../src/links/links.ts'
import { plainShape, type Shape } from '../../src/links/lane/link-shape.ts'
import { testAdminToken } from '../admin-token.ts'
import { freePorts } from '../free-port.ts'
import { type DataFolder, openDataFolder } from '../../src/deployment/data-folder.ts'
import { findNatsServer } from '../../src/nats-server/find.ts'
import { readRegions } from '../../src/deployment/regions.ts'
import { type Ended, longitude, prepareProgram } from '../cli/command-line.ts'
import { ChaosRegion } from './chaos-region.ts'
import { sendRequest } from './request.ts'
import { until } from './until.ts'

export type DeploymentOptions = {
  readonly regions?: readonly string[]
  readonly roundTripMs?: number
  /** More flags of every node. */
  readonly flags?: readonly string[]
}

// A test run that is ended takes its worker with it, and so everything that the worker has started.
process.once('disconnect', () => process.exit(1))

export class Deployment {
  readonly folder: string
  readonly regions: readonly ChaosRegion[]
  readonly #links: Links
  readonly #data: Promise<DataFolder>

  static async start({
    regions: names = ['us-east-1', 'eu-west-1', 'ap-northeast-1'],
    roundTripMs = 20,
    flags = [],
  }: DeploymentOptions = {}): Promise<Deployment> {
    prepareProgram()
    const nats = await findNatsServer({ explicit: undefined, progress: () => undefined })
    const ports = await freePorts(2 * names.length)
    const folder = mkdtempSync(join(tmpdir(), 'longitude-chaos-'))
    const regions = names.map((name, n) => {
      const [port = 0, natsPort = 0] = ports.slice(2 * n)
      return new ChaosRegion({ name, port, natsPort, folder: join(folder, name), natsPath: nats.path })
    })
    for (const region of regions) region.flags = flags
    const deployment = new Deployment(folder, regions, await openLinks(regions, { ...plainShape, roundTripMs }))
    try {
      await deployment.#data
      await Promise.all(regions.map((region) => region.start()))
    } catch (error) {
      await deployment.close()
      throw error
    }
    return deployment
  }

  private constructor(folder: string, regions: readonly ChaosRegion[], links: Links) {
    this.folder = folder
    this.regions = regions
    this.#links = links
    const known = readRegions()
    const endpoints = Object.fromEntries(regions.map(({ name, endpoint }) => [name, endpoint]))
    // As `up` does it: so the commands of an operator find the regions.
    const named = regions.map(({ name }) => known.named(name))
    this.#data = openDataFolder(folder, named, { endpoints })
  }

  region(name: string): ChaosRegion {
    const found = this.regions.find((region) => region.name === name)
    if (found === undefined) throw new Error(`no region ${name}`)
    return found
  }

  /** How bytes travel from now on, over those links (src/links/control/link-selection.ts) or all. */
  setLinks(change: Partial<Shape>, ...links: readonly string[]): void {
    this.#links.set({ links: links.length === 0 ? ['*'] : links, change })
  }

  heal(): void {
    this.#links.heal()
  }

  /** A command of an operator, as `longitude status`, on these regions. */
  operator(...args: readonly string[]): Promise<Ended> {
    return longitude(...args, '--data', this.folder, '--admin-token', testAdminToken)
  }

  /** Ends everything, and throws when anything is left. */
  async close(): Promise<void> {
    await Promise.all(this.regions.map((region) => region.end()))
    await this.#links.close()
    await (await this.#data).release()
    rmSync(this.folder, { recursive: true, force: true })
    const left = this.regions.flatMap((region) => region.left())
    if (left.length > 0) throw new Error(`processes are left: ${left.join(', ')}`)
    if (existsSync(this.folder)) throw new Error(`${this.folder} is left`)
  }

  /** A table with a replica in every region, or in these, all of them active. */
  async globalTable(name: string, regions: readonly ChaosRegion[] = this.regions, patienceMs?: number): Promise<void> {
    const [first, ...others] = regions
    if (first === undefined) return
    await sendRequest(first.endpoint, 'CreateTable', {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    })
    await isActive(first, name, patienceMs)
    for (const region of others) {
      await sendRequest(first.endpoint, 'UpdateTable', {
        TableName: name,
        ReplicaUpdates: [{ Create: { RegionName: region.name } }],
      })
      await isActive(first, name, patienceMs)
    }
    await Promise.all(regions.map((region) => isActive(region, name, patienceMs)))
  }

  /** The regions agree by their own proof, that of `longitude verify`. */
  async verified(table: string): Promise<void> {
    let said: unknown
    await until(`${table} is verified`, async () => {
      try {
        said = await this.regions[0]?.admin('verify', { table })
      } catch (error) {
        // A replica that is being made cannot be compared yet.
        said = error
      }
      return (said as { equal?: boolean } | undefined)?.equal === true
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${said instanceof Error ? said.message : JSON.stringify(said).slice(0, 2000)}`)
    })
  }
}

async function openLinks(regions: readonly ChaosRegion[], shape: Shape): Promise<Links> {
  const listen = { host: '127.0.0.1', port: 0 }
  const plans: LinkPlan[] = regions.flatMap((from) =>
    regions
      .filter((to) => to !== from)
      .map((to) => ({
        from: from.name,
        to: to.name,
        listen,
        target: { host: '127.0.0.1', port: to.natsPort },
        shape,
      })),
  )
  const links = await Links.open(plans)
  for (const { from, to, port } of links.list())
    regions.find(({ name }) => name === from)?.peers.push(`${to}=nats://127.0.0.1:${port?.listen.port}`)
  return links
}

async function isActive(region: ChaosRegion, name: string, patienceMs?: number): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const answer = await sendRequest(region.endpoint, 'DescribeTable', { TableName: name }).catch(() => undefined)
    const table = answer?.['Table'] as { TableStatus: string; Replicas?: { ReplicaStatus: string }[] } | undefined
    return table?.TableStatus === 'ACTIVE' && (table.Replicas ?? []).every((one) => one.ReplicaStatus === 'ACTIVE')
  }
  await until(`${name} in ${region.name}`, isThere, patienceMs)
}
