/** Three regions with their nats-servers as processes, and in this one the links between them, with distance, to be cut. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { makeMessageKeys } from '../../src/deployment/secrets/keys/message-keys.ts'
import { findNatsServer } from '../../src/nats-server/find.ts'
import { type Link, type LinkMode, openLink } from '../../src/links/link.ts'
import { type Child, type NodeChild, removeFolder, startNats, startNode, temporaryFolder } from './children.ts'
import { call, createTable, tableName, until } from './requests.ts'
import { adminHeaders } from '../../src/deployment/endpoints.ts'
import { testAdminToken } from '../admin-token.ts'

export const regionNames = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
export type RegionName = (typeof regionNames)[number]

export type PeerStatus = { readonly peer: string; readonly pending: number; readonly confirmed: number }

/** Replicas need it. */
export const streamed = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } } as const

/** Signed, as the supervisor starts them. */
const messageKeys = 'message-keys'

export class ThreeRegions {
  readonly nodes = new Map<RegionName, NodeChild>()
  /** Where the nats-server of a region is reached from another one: by `from>to`, from the follower to the followed. */
  readonly links = new Map<string, Link>()
  readonly #servers = new Map<RegionName, number>()
  readonly #children: Child[] = []
  readonly #folder = temporaryFolder()

  static async start(roundTripMs: number): Promise<ThreeRegions> {
    const regions = new ThreeRegions()
    try {
      await regions.#start(roundTripMs)
      return regions
    } catch (error) {
      await regions.stop()
      throw error
    }
  }

  node(region: RegionName): NodeChild {
    const node = this.nodes.get(region)
    if (node === undefined) throw new Error(`no ${region}`)
    return node
  }

  natsPort(region: RegionName): number {
    return this.#servers.get(region) ?? 0
  }

  /** Of every process but the node of that region; this one, which has the links, is one of them. */
  pidsBeside(region: RegionName): readonly number[] {
    const node = this.node(region)
    return [process.pid, ...this.#children.filter((child) => child !== node).map(({ pid }) => pid)]
  }

  cut(mode: LinkMode, which: (from: string, to: string) => boolean = () => true): void {
    for (const [name, link] of this.links) {
      const [from = '', to = ''] = name.split('>')
      if (which(from, to)) link.setMode(mode)
    }
  }

  async peers(region: RegionName): Promise<readonly PeerStatus[]> {
    const response = await fetch(`http://127.0.0.1:${this.node(region).port}/admin/status`, {
      headers: adminHeaders(testAdminToken),
    })
    return ((await response.json()) as { peers: PeerStatus[] }).peers
  }

  /** Changes that some region lacks, of all pairs. */
  async pending(): Promise<number> {
    const all = await Promise.all(regionNames.map(async (region) => await this.peers(region)))
    return all.flat().reduce((sum, { pending }) => sum + pending, 0)
  }

  async stop(): Promise<void> {
    for (const child of this.#children.toReversed()) await child.stop()
    for (const link of this.links.values()) await link.close()
    removeFolder(this.#folder)
  }

  async #start(roundTripMs: number): Promise<void> {
    const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
    const servers = this.#servers
    for (const region of regionNames) {
      mkdirSync(join(this.#folder, region))
      const nats = await startNats(path, join(this.#folder, region))
      this.#children.push(nats)
      servers.set(region, nats.port)
    }
    for (const from of regionNames)
      for (const to of regionNames)
        if (from !== to) {
          const target = { host: '127.0.0.1', port: servers.get(to) ?? 0 }
          this.links.set(`${from}>${to}`, await openLink({ port: 0, target, roundTripMs }))
        }
    makeMessageKeys(join(this.#folder, messageKeys), regionNames)
    for (const region of regionNames) await this.#startNode(region, servers.get(region) ?? 0)
    await this.#makeTable()
  }

  async #startNode(region: RegionName, nats: number): Promise<void> {
    const peers = regionNames
      .filter((peer) => peer !== region)
      .map((peer) => [peer, this.links.get(`${region}>${peer}`)?.port ?? 0] as const)
    const node = await startNode({
      region,
      data: join(this.#folder, region),
      nats,
      peers: Object.fromEntries(peers),
      verifies: false,
      messageKeys: join(this.#folder, messageKeys),
    })
    this.#children.push(node)
    this.nodes.set(region, node)
  }

  async #makeTable(): Promise<void> {
    const [first, ...others] = regionNames
    await createTable(this.node(first).port, streamed)
    for (const region of others)
      await call(this.node(first).port, 'UpdateTable', {
        TableName: tableName,
        ReplicaUpdates: [{ Create: { RegionName: region } }],
      }).then(async () => await this.#allActive([first]))
    await this.#allActive(regionNames)
  }

  async #allActive(regions: readonly RegionName[]): Promise<void> {
    for (const region of regions)
      await until(`the table is active in ${region}`, async () => {
        const { Table: table } = await call(this.node(region).port, 'DescribeTable', { TableName: tableName }).catch(
          () => ({ Table: {} }),
        )
        const { TableStatus: status, Replicas: replicas = [] } = table as {
          TableStatus?: string
          Replicas?: { ReplicaStatus: string }[]
        }
        return status === 'ACTIVE' && replicas.every(({ ReplicaStatus }) => ReplicaStatus === 'ACTIVE')
      })
  }
}
