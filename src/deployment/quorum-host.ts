/**
 * The quorum server of a region among those of the other regions (docs/design/quorum-servers.md), which tables of strong consistency need, from three regions on. The others reach
 * it by a port of its host. Its node reaches it by the loopback; where the region has several nodes, it is on the host of the first, or in a pod of its own, and all of them reach it.
 * Each server shows the others a certificate of the deployment's authority and the password.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { replaceSecretFile } from '../process/files/secret-file.ts'
import type { RegionHost } from './host-options.ts'
import type { Wish } from './secrets/certificates/certificate.ts'
import { quorumPassword } from './secrets/nats/quorum-secret.ts'
import { natsTlsBlock } from './secrets/nats/nats-tls.ts'
import { quorumSettings } from './secrets/nats/quorum-settings.ts'

const regionsMin = 3
/** Beside the port of the NATS server of the same host; the nodes of a region of several have three ports there already (node-hosts.ts). */
const ownPorts = (natsPort: number) => ({ node: natsPort + 1, route: natsPort + 2 })
const sharedPorts = (natsPort: number) => ({ node: natsPort + 4, route: natsPort + 5 })
const podPorts = ownPorts(4222)

export type GroupServer = {
  readonly region: string
  /** Where the other servers reach it. */
  readonly at: { readonly host: string; readonly port: number }
  readonly listen: { readonly node: string; readonly route: string }
  /** Where the nodes of the region reach it, for their longitude.json. */
  readonly url: string
  /** Names in its certificate. */
  readonly names: readonly string[]
  /** Where its configuration is written: below the folder of the deployment. */
  readonly folder: string
  readonly file: string
  /** Of its data, below that of the host. */
  readonly store: string
}

/** Where the other regions reach such a server of pods, by region. */
export type GroupQuorumAt = Readonly<Record<string, { readonly host: string; readonly port: number }>>

type Around = {
  readonly hosts: readonly RegionHost[]
  /** StatefulSets by region. */
  readonly pods?: Readonly<Record<string, string>>
  readonly groupQuorumAt?: GroupQuorumAt
}

const groupQuorumFile = 'group-quorum.conf'
export const quorumFile = 'quorum.conf'
const groupStore = 'longitude-group-quorum'

export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** None of fewer than three regions. */
export function groupServersOf({ hosts, pods = {}, groupQuorumAt = {} }: Around): readonly GroupServer[] {
  const all = hosts.flatMap((at) => {
    if (at.nodes === undefined) return [ofOne(at)]
    const set = pods[at.region]
    if (set === undefined) return ofSeveral(at)
    const given = groupQuorumAt[at.region]
    return given === undefined ? [] : [ofPods(at.region, set, given)]
  })
  return all.length < regionsMin ? [] : all
}

function ofOne({ region, host, natsPort }: RegionHost): GroupServer {
  const { node, route } = ownPorts(natsPort)
  return {
    region,
    at: { host, port: route },
    listen: { node: `127.0.0.1:${node}`, route: `0.0.0.0:${route}` },
    url: `tls://localhost:${node}`,
    names: [host],
    folder: region,
    file: quorumFile,
    store: 'longitude-quorum',
  }
}

function ofSeveral({ region, nodes: [first] = [] }: RegionHost): readonly GroupServer[] {
  if (first === undefined) return []
  const { host, natsPort, node: name } = first
  const { node, route } = sharedPorts(natsPort)
  return [
    {
      region,
      at: { host, port: route },
      listen: { node: `0.0.0.0:${node}`, route: `0.0.0.0:${route}` },
      url: `tls://${hostInUrl(host)}:${node}`,
      names: [host],
      folder: `${region}-${name}`,
      file: groupQuorumFile,
      store: groupStore,
    },
  ]
}

/** As the chart names the Service by which pods reach it. */
function ofPods(region: string, set: string, at: GroupServer['at']): GroupServer {
  const name = `${set}-group`
  const { node, route } = podPorts
  return {
    region,
    at,
    listen: { node: `0.0.0.0:${node}`, route: `0.0.0.0:${route}` },
    url: `tls://${name}:${node}`,
    names: [at.host, name],
    folder: region,
    file: groupQuorumFile,
    store: groupStore,
  }
}

/** For both sides of a connection: quorum servers connect to each other. `hosts`: those of the nodes that show the same one. */
export function quorumWish(hosts: readonly string[], days: number, name: string): Readonly<Record<string, Wish>> {
  if (hosts.length === 0) return {}
  return { quorum: { name, days, use: 'peer', hosts: [...new Set([...hosts, 'localhost', '127.0.0.1', '::1'])] } }
}

type QuorumWriting = {
  /** Of the deployment. */
  readonly servers: readonly GroupServer[]
  /** Where it is written, and where it will be. */
  readonly folder: string
  readonly installed: string
  readonly state: string
  /** Of the certificate of the region's nodes. */
  readonly node: string
  /** The folder that stays. */
  readonly secrets: string
}

/** Removes what an earlier run has written of such a server, where it is not here any more. `others`: of a quorum server of the nodes. */
export function forgetQuorum(folder: string, own: GroupServer | undefined, others: readonly string[]): void {
  for (const file of [quorumFile, groupQuorumFile])
    if (file !== own?.file && !others.includes(file)) rmSync(join(folder, file), { force: true })
}

/** Its configuration has the password in it. */
export function writeGroupQuorum(
  server: GroupServer,
  { servers, folder, installed, state, node, secrets }: QuorumWriting,
): void {
  const shown = {
    cert: join(installed, 'quorum.crt'),
    key: join(installed, 'quorum.key'),
    ca: join(installed, 'ca.crt'),
  }
  const lines = quorumSettings({
    region: server.region,
    regions: servers.map(({ region }) => region),
    node: { certificate: node },
    listen: server.listen.node,
    store: join(state, server.store),
    tls: natsTlsBlock({ ...shown, verify: 'verify_and_map' }),
    routes: {
      listen: server.listen.route,
      to: servers.flatMap(({ region, at }) => (region === server.region ? [] : [`${hostInUrl(at.host)}:${at.port}`])),
      password: quorumPassword(secrets),
      tls: natsTlsBlock({ ...shown, verify: 'verify' }),
    },
  })
  const note = '# Written by `longitude deployment`, again when the regions change: restart the server then.'
  const text = [note, ...lines, ''].join('\n')
  replaceSecretFile({ path: join(folder, server.file), what: 'the configuration', text })
}
