/**
 * Regions on machines of their own: everything that each of them needs, in a folder to be copied there. Run again in the same place it keeps
 * the authority and every certificate that is still good, so that a region can be added or moved without touching the keys of the others.
 */
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { adminToken, adminTokenName } from './secrets/admin-token.ts'
import { type Certified, certify, commonNameOf, type Wish } from './secrets/certificates/certificate.ts'
import { makeMessageKeys, messageKeyPath, messageKeyPathsIn, rotateMessageKeys } from './secrets/keys/message-keys.ts'
import type { RegionHost } from './host-options.ts'
import {
  type Place,
  placesOf,
  type Pods,
  rotateNodesOfHosts,
  severalHosts,
  severalOptions,
  writeBalancer,
  writeSeveral,
} from './node-hosts.ts'
import { replaceSecretFile } from '../process/files/secret-file.ts'
import {
  forgetQuorum,
  type GroupQuorumAt,
  type GroupServer,
  groupServersOf,
  hostInUrl,
  quorumFile,
  quorumWish,
  writeGroupQuorum,
} from './quorum-host.ts'
import {
  certificateNameOf,
  type Identities,
  peerApiPrefix,
  securedNatsConfiguration,
} from './secrets/nats/nats-accounts.ts'

export type DeploymentOptions = {
  readonly hosts: readonly RegionHost[]
  readonly pods?: Pods
  readonly groupQuorumAt?: GroupQuorumAt
  /** Where it is written. */
  readonly out: string
  /** Where a region's folder will be on its host, and below which folder its data. */
  readonly installed: string
  readonly state: string
  readonly certificateDays: number
  /** New certificates also where the old ones are good. */
  readonly renew: boolean
  /** Regions whose nodes and caches get other names too, so that servers refuse the certificates that they had. */
  readonly rotate?: readonly string[]
}

export type WrittenRegion = { readonly region: string; readonly folder: string; readonly certificates: 'kept' | 'new' }

export async function writeDeployment(options: DeploymentOptions): Promise<readonly WrittenRegion[]> {
  const authority = await authorityIn(options.out)
  const regions = options.hosts.map(({ region }) => region)
  makeMessageKeys(join(options.out, authorityFolder), regions)
  rotateMessageKeys(join(options.out, authorityFolder), options.rotate ?? [])
  rotateNodesOfHosts(join(options.out, authorityFolder), options.rotate ?? [])
  const names = new Map(options.hosts.map((at) => [at.region, namesOf(at, options)]))
  const written: WrittenRegion[] = []
  const writing = { authority, names, options, servers: groupServersOf(options) }
  for (const at of options.hosts)
    for (const place of placesOf(at, options.pods ?? {})) written.push(await writePlace(place, at, writing))
  return written
}

/** The names in a region's certificates. */
type Names = { readonly node: string; readonly cache: string }
type Writing = {
  readonly authority: Certified
  readonly names: ReadonlyMap<string, Names>
  readonly options: DeploymentOptions
  /** Of tables with strong consistency between regions. */
  readonly servers: readonly GroupServer[]
}

/** Those that the region has, or the next ones. */
function namesOf(at: RegionHost, { out, pods = {}, rotate = [] }: DeploymentOptions): Names {
  const { region } = at
  const [{ folder } = { folder: region }] = placesOf(at, pods)
  const nameOf = (role: 'node' | 'cache'): string => {
    const first = certificateNameOf(role, region)
    const found = readCertified(join(out, folder), role)
    const name = found === undefined ? '' : commonNameOf(new X509Certificate(found.certificate))
    const [, count = '1'] = name.startsWith(first) ? (/^\.(\d+)$/.exec(name.slice(first.length)) ?? []) : []
    const next = Number(count) + (rotate.includes(region) ? 1 : 0)
    return next === 1 ? first : `${first}.${next}`
  }
  return { node: nameOf('node'), cache: nameOf('cache') }
}

export const authorityFolder = 'authority'
const authorityDays = 7300
/** What is about to end is replaced by the next run. */
const renewalDays = 60
const dayMs = 24 * 60 * 60 * 1000

async function authorityIn(out: string): Promise<Certified> {
  const folder = join(out, authorityFolder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = readCertified(folder, 'authority')
  if (found !== undefined) return found
  const made = await certify({ name: 'Longitude deployment', days: authorityDays, use: 'authority' })
  writeCertified(folder, 'authority', made)
  return made
}

async function writePlace(place: Place, at: RegionHost, writing: Writing): Promise<WrittenRegion> {
  const { authority, names, options, servers } = writing
  const { node, cache } = names.get(place.region) ?? namesOf(at, options)
  const folder = join(options.out, place.folder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const days = options.certificateDays
  const [name = place.region] = place.hosts
  const ownServer = servers.find((server) => server.folder === place.folder)
  const wishes: Readonly<Record<string, Wish>> = {
    // The region's own node reaches its server by the loopback.
    server: { name, days, use: 'server', hosts: [...new Set([...place.hosts, 'localhost', '127.0.0.1', '::1'])] },
    node: { name: node, days, use: 'client' },
    cache: { name: cache, days, use: 'client' },
    ...quorumWish([...severalHosts(place), ...(ownServer?.names ?? [])], days, name),
  }
  let certificates: 'kept' | 'new' = 'kept'
  for (const [what, wish] of Object.entries(wishes)) {
    const found = readCertified(folder, what)
    if (!options.renew && found !== undefined && isGood(found, wish, authority)) continue
    writeCertified(folder, what, await certify(wish, authority))
    certificates = 'new'
  }
  writeFileSync(join(folder, 'ca.crt'), authority.certificate)
  writeToken(options.out, folder)
  writeMessageKeys(options, folder)
  writeFileSync(join(folder, 'nats.conf'), natsConfigurationOf(place, writing))
  const secrets = join(options.out, authorityFolder)
  forgetQuorum(folder, ownServer, place.several === undefined ? [] : [quorumFile])
  writeSeveral(place, { ...options, folder, name: node, secrets })
  if (ownServer !== undefined) writeGroupQuorum(ownServer, { ...options, servers, folder, node, secrets })
  writeFileSync(join(folder, 'longitude.json'), `${JSON.stringify(nodeOptionsOf(place, writing), undefined, 2)}\n`)
  writeFileSync(join(folder, 'cache.json'), `${JSON.stringify(cacheOptionsOf(at, options), undefined, 2)}\n`)
  writeBalancer(place, folder)
  return { region: place.region, folder, certificates }
}

function isGood({ certificate }: Certified, { name, hosts = [] }: Wish, authority: Certified): boolean {
  const read = new X509Certificate(certificate)
  const hasTime = Date.parse(read.validTo) > Date.now() + renewalDays * dayMs
  const isFor = hosts.every((host) => (isIP(host) === 0 ? read.checkHost(host) : read.checkIP(host)) !== undefined)
  return (
    hasTime && isFor && commonNameOf(read) === name && read.verify(new X509Certificate(authority.certificate).publicKey)
  )
}

function natsConfigurationOf({ region, natsPort }: Place, { names, options }: Writing): string {
  const { installed, state } = options
  return securedNatsConfiguration({
    region,
    identities: identitiesAt(region, names),
    port: natsPort,
    store: join(state, 'longitude-nats'),
    certificate: join(installed, 'server.crt'),
    key: join(installed, 'server.key'),
    authority: join(installed, 'ca.crt'),
  })
}

function identitiesAt(region: string, names: ReadonlyMap<string, Names>): Identities {
  const { node, cache } = names.get(region) ?? { node: '', cache: '' }
  const others = [...names].filter(([name]) => name !== region)
  return {
    node: { certificate: node },
    cache: { certificate: cache },
    peers: new Map(others.map(([peer, { node: certificate }]) => [peer, { certificate }])),
  }
}

/** NATS servers of a region, as others reach them. */
const addressesOf = ({ host, natsPort, nodes = [{ node: '', host, natsPort }] }: RegionHost): string =>
  nodes.map((each) => `tls://${hostInUrl(each.host)}:${each.natsPort}`).join()

/** The node's longitude.json, which this host's `longitude status` and its like read too. */
function nodeOptionsOf(place: Place, { options, servers }: Writing): unknown {
  const { region, natsPort, several } = place
  const { hosts, installed, state } = options
  const url = servers.find((server) => server.region === region)?.url
  const others = hosts.filter((each) => each.region !== region)
  return {
    region,
    // Of whom `longitude status` on this host asks.
    regions: [region],
    data: join(state, 'longitude'),
    nats: `tls://localhost:${natsPort}`,
    peer: Object.fromEntries(others.map((each) => [each.region, addressesOf(each)])),
    natsApiPrefix: peerApiPrefix,
    messageKeys: installed,
    adminTokenFile: join(installed, adminTokenName),
    natsTlsCa: join(installed, 'ca.crt'),
    natsTlsCert: join(installed, 'node.crt'),
    natsTlsKey: join(installed, 'node.key'),
    ...severalOptions(place, installed),
    ...(url === undefined ? {} : { [several === undefined ? 'quorum' : 'groupQuorum']: url }),
  }
}

/** A cache's, on the region's host; elsewhere it has other addresses for the two. */
function cacheOptionsOf(at: RegionHost, { installed, state }: DeploymentOptions): unknown {
  const { region, natsPort, nodes } = at
  return {
    region,
    port: 8050,
    // A client of DAX is told the address of this host that it has connected to.
    daxPort: 8111,
    daxLists: join(state, 'longitude-cache', 'dax-lists'),
    cacheUpstream: 'http://127.0.0.1:8000',
    // It hears of changes from the server of the node that leads.
    nats: nodes === undefined ? `tls://localhost:${natsPort}` : addressesOf(at),
    natsTlsCa: join(installed, 'ca.crt'),
    natsTlsCert: join(installed, 'cache.crt'),
    natsTlsKey: join(installed, 'cache.key'),
  }
}

/** Every region has those of all, and none of a region that has left. The keeper's own are beside the authority's key. */
function writeMessageKeys({ out, hosts }: DeploymentOptions, folder: string): void {
  for (const path of messageKeyPathsIn(folder)) rmSync(path)
  for (const { region } of hosts) {
    const text = readFileSync(messageKeyPath(join(out, authorityFolder), region), 'utf8')
    writeFileSync(messageKeyPath(folder, region), text, { mode: 0o600 })
  }
}

/** One for the whole deployment, made once and kept beside the authority's key. */
function writeToken(out: string, folder: string): void {
  const path = join(folder, adminTokenName)
  replaceSecretFile({ path, what: 'the token', text: `${adminToken({ data: out })}\n` })
}

function readCertified(folder: string, name: string): Certified | undefined {
  const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  if (!existsSync(certificate) || !existsSync(key)) return undefined
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
}

/** The mode of a file that is there already is not changed by writing it: the key goes into a new one. */
function writeCertified(folder: string, name: string, { certificate, key }: Certified): void {
  replaceSecretFile({ path: join(folder, `${name}.key`), what: 'the key', text: key })
  writeFileSync(join(folder, `${name}.crt`), certificate)
}
