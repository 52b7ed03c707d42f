/**
 * The configurations of quorum servers that `longitude secrets --quorum-conf` writes. Each server has a folder of its own, with all that it shows:
 *
 *   FOLDER/servers/                    the password and the certificate of the regions' quorum servers, for this command only
 *   FOLDER/REGION/quorum.conf          with the password; quorum.crt and quorum.key are beside it
 *   FOLDER/servers/REGION/             the same of a region of several nodes, whose servers form a cluster of their own
 *   FOLDER/REGION-NODE/quorum.conf     of each of its nodes
 *
 * A region of several nodes is among the other regions too where a route names the region itself: that server orders tables with strong consistency.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { identitiesOf } from '../../../deployment/secrets/nats/nats-secrets.ts'
import {
  forgetQuorumSecrets,
  makeQuorumCertificate,
  quorumCertificateIn,
  quorumPassword,
} from '../../../deployment/secrets/nats/quorum-secret.ts'
import { natsTlsBlock } from '../../../deployment/secrets/nats/nats-tls.ts'
import { quorumSettings } from '../../../deployment/secrets/nats/quorum-settings.ts'
import { Failure } from '../../../process/failure.ts'
import { replaceSecretFile } from '../../../process/files/secret-file.ts'
import { writeConfiguration } from '../../../supervisor/nats/nats-process.ts'

export type QuorumFiles = {
  readonly folder: string
  /** Where each server reaches each other one of its cluster, FROM..TO=HOST:PORT: names of regions, or REGION/NODE for nodes of one region. */
  readonly routes: readonly string[]
  readonly regions: readonly string[]
  /** The folder with the secrets of the nodes. */
  readonly natsSecrets: string
  readonly isRotation: boolean
}

type Route = { readonly from: string; readonly to: string; readonly host: string; readonly at: string }

/** A server finds its folder as `/data`, and keeps its streams there too. */
const installed = '/data'
const nodePort = 4222
const routePort = 6222
const what = 'the certificate of a quorum server'

/** Throws a Failure that shows nothing of what is secret. */
export async function writeQuorumFiles({ folder: to, routes: texts, regions, ...files }: QuorumFiles): Promise<void> {
  const folder = resolve(to)
  const routes = texts.map(routeOf)
  for (const route of routes) requireOneRegion(route)
  for (const cluster of clustersOf(routes, regions)) await writeCluster(folder, { ...cluster, ...files })
}

/** Servers that elect together: one for each region, or one for each node of a region. */
type Cluster = {
  /** Of the region, where these are its nodes' servers. */
  readonly region?: string
  readonly servers: readonly Server[]
  readonly routes: readonly Route[]
}

type Server = { readonly region: string; readonly node?: string }

const serverOf = (name: string): Server => {
  const [region = '', node] = name.split('/')
  return node === undefined ? { region } : { region, node }
}
const nameOf = ({ region, node }: Server): string => (node === undefined ? region : `${region}/${node}`)

function clustersOf(routes: readonly Route[], regions: readonly string[]): readonly Cluster[] {
  const named = [...new Set(routes.flatMap(({ from, to }) => [from, to]))]
  const nodesOf = (region: string): readonly string[] =>
    named.filter((name) => name.startsWith(`${region}/`)).toSorted()
  const several = regions.filter((region) => nodesOf(region).length > 0)
  const between = regions.filter((region) => !several.includes(region) || named.includes(region))
  const clusters: readonly Cluster[] = [
    ...(between.length === 0 ? [] : [{ servers: between.map(serverOf), routes }]),
    ...several.map((region) => ({ region, servers: nodesOf(region).map(serverOf), routes })),
  ]
  return clusters.map((cluster) => {
    const names = cluster.servers.map(nameOf)
    return { ...cluster, routes: routes.filter(({ from, to }) => names.includes(from) && names.includes(to)) }
  })
}

type Writing = Cluster & Pick<QuorumFiles, 'natsSecrets' | 'isRotation'>

async function writeCluster(folder: string, cluster: Writing): Promise<void> {
  const { region, servers, routes, isRotation, natsSecrets } = cluster
  requireAll(routes, servers.map(nameOf))
  const kept = join(folder, 'servers', region ?? '')
  if (isRotation) forgetQuorumSecrets(kept)
  const password = quorumPassword(kept)
  await makeQuorumCertificate(kept, [...new Set(routes.map(({ host }) => host))])
  const shown = quorumCertificateIn(kept)
  const [certificate, key] = [readFileSync(shown.cert, 'utf8'), readFileSync(shown.key, 'utf8')]
  for (const server of servers) {
    const own = join(folder, nameOf(server).replace('/', '-'))
    replaceSecretFile({ path: join(own, 'quorum.key'), what, text: key })
    replaceSecretFile({ path: join(own, 'quorum.crt'), what, text: certificate })
    const lines = linesOf(server, { servers, natsSecrets, routes, password })
    // A server starts again when this file is another.
    const note = `# Its certificate: ${new X509Certificate(certificate).fingerprint256}`
    writeConfiguration(join(own, 'quorum.conf'), [note, ...lines])
  }
}

type Shared = Pick<Cluster, 'servers' | 'routes'> & {
  readonly natsSecrets: string
  readonly password: string
}

/** In a region's own cluster its servers have the names of its nodes. */
const nameWithin = ({ region, node }: Server): string => node ?? region

function linesOf(server: Server, { servers, natsSecrets, routes, password }: Shared): readonly string[] {
  return quorumSettings({
    region: nameWithin(server),
    regions: servers.map(nameWithin),
    node: identitiesOf(natsSecrets, server.region).node,
    listen: `0.0.0.0:${nodePort}`,
    store: installed,
    tls: [],
    routes: {
      listen: `0.0.0.0:${routePort}`,
      to: routes.flatMap(({ from, at }) => (from === nameOf(server) ? [at] : [])),
      password,
      tls: routeTls,
    },
  })
}

const installedAt = (name: string): string => `${installed}/${name}`
/** The certificate is signed by itself, so servers are known by it. */
const routeTls = natsTlsBlock({
  cert: installedAt('quorum.crt'),
  key: installedAt('quorum.key'),
  ca: installedAt('quorum.crt'),
  verify: 'verify',
})

const routeForm = /^([a-z0-9-]+(?:\/[a-z0-9-]+)?)\.\.([a-z0-9-]+(?:\/[a-z0-9-]+)?)=(([A-Za-z0-9.-]+):\d{1,5})$/

function routeOf(text: string): Route {
  const [, from, to, at, host] = routeForm.exec(text) ?? []
  if (from === undefined || to === undefined || at === undefined || host === undefined)
    throw new Failure(`--quorum-route ${text} is not FROM..TO=HOST:PORT`)
  return { from, to, at, host }
}

function requireOneRegion({ from, to }: Route): void {
  const [one, other] = [serverOf(from), serverOf(to)]
  if ((one.node !== undefined || other.node !== undefined) && one.region !== other.region)
    throw new Failure(`--quorum-route ${from}..${to}: quorum servers of nodes know those of their own region alone`)
}

/** A server without a route to one of the others would elect alone. */
function requireAll(routes: readonly Route[], servers: readonly string[]): void {
  const known = new Set(routes.map(({ from, to }) => `${from} ${to}`))
  for (const from of servers)
    for (const to of servers)
      if (from !== to && !known.has(`${from} ${to}`))
        throw new Failure(`--quorum-route has no way from ${from} to ${to}: servers would elect without each other`)
}
