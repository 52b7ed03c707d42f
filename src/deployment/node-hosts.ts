/**
 * Regions of several nodes on machines of their own (docs/operating/nodes.md): a host for each node, or in Kubernetes a pod. The nodes and the quorum servers of a region
 * reach each other by two ports more, and show each other a certificate of the deployment's authority: the nodes with a secret, the servers with a password.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { required } from '../core/assert.ts'
import { replaceSecretFile } from '../process/files/secret-file.ts'
import type { RegionHost } from './host-options.ts'
import { hostInUrl } from './quorum-host.ts'
import { readSecret } from './secrets/nats/nats-access.ts'
import { natsTlsBlock } from './secrets/nats/nats-tls.ts'
import { formerOverHostsMs, makeNodeSecret, nodeSecretName, rotateNodeSecret } from './secrets/nats/nodes-secrets.ts'
import { quorumPassword } from './secrets/nats/quorum-secret.ts'
import { quorumSettings } from './secrets/nats/quorum-settings.ts'

/** One folder that is written: of a host, or of all pods of a region. */
export type Place = {
  readonly region: string
  /** Below the folder of the deployment. */
  readonly folder: string
  /** By which other regions reach its NATS server; of pods, their servers. */
  readonly hosts: readonly string[]
  readonly natsPort: number
  readonly several?: SeveralPlace
}

type SeveralPlace = {
  /** Pods are told theirs. */
  readonly node?: string
  /** All of the region, as they reach each other. */
  readonly nodes: readonly { readonly node: string; readonly host: string; readonly natsPort: number }[]
}

/** StatefulSets by region. */
export type Pods = Readonly<Record<string, string>>

const podPort = 4222
const apiPort = 8000
/** Beside the port of the node's NATS server. */
const ports = (natsPort: number) => ({ quorum: natsPort + 1, route: natsPort + 2, node: natsPort + 3 })

export function placesOf({ region, host, natsPort, nodes = [] }: RegionHost, pods: Pods): readonly Place[] {
  if (nodes.length === 0) return [{ region, folder: region, hosts: [host], natsPort }]
  const set = pods[region]
  if (set === undefined)
    return nodes.map(({ node, ...at }) => {
      return { region, folder: `${region}-${node}`, hosts: [at.host], natsPort: at.natsPort, several: { node, nodes } }
    })
  // As the chart names them; a pod's name ends with its number.
  const inner = nodes.map((_, n) => ({ node: String(n), host: `${set}-${n}.${set}-headless`, natsPort: podPort }))
  return [
    { region, folder: region, hosts: nodes.map((each) => each.host), natsPort: podPort, several: { nodes: inner } },
  ]
}

/** By which the other nodes reach this one, or the pods each other: node and quorum server show a certificate for them. */
export function severalHosts({ several }: Place): readonly string[] {
  if (several === undefined) return []
  const { node, nodes } = several
  return nodes.filter((each) => node === undefined || each.node === node).map(({ host }) => host)
}

/** For the node's longitude.json. */
export function severalOptions({ several, natsPort }: Place, installed: string): Readonly<Record<string, unknown>> {
  if (several === undefined) return {}
  const { node, nodes } = several
  return {
    ...(node === undefined ? {} : { node }),
    nodeAt: Object.fromEntries(
      nodes.map((each) => [each.node, `${hostInUrl(each.host)}:${ports(each.natsPort).node}`]),
    ),
    nodeHost: '0.0.0.0',
    nodeSecret: join(installed, nodeSecretName),
    nodeTlsCa: join(installed, 'ca.crt'),
    nodeTlsCert: join(installed, 'quorum.crt'),
    nodeTlsKey: join(installed, 'quorum.key'),
    quorum: `tls://localhost:${ports(natsPort).quorum}`,
  }
}

const what = 'the secret of the nodes'

type Writing = {
  /** Where it is written, and where it will be. */
  readonly folder: string
  readonly installed: string
  readonly state: string
  /** Of the certificate of the region's nodes. */
  readonly name: string
  /** The folder that stays. */
  readonly secrets: string
}

/** Of regions of several nodes. Each host takes the former secret until all of them have had time to get their folders. */
export function rotateNodesOfHosts(secrets: string, regions: readonly string[]): void {
  for (const region of regions) {
    const path = join(secrets, region, nodeSecretName)
    if (existsSync(path)) rotateNodeSecret(path, formerOverHostsMs)
  }
}

/** Writes the nodes' secret and quorum.conf, of pods quorum-N.conf for each. */
export function writeSeveral(place: Place, writing: Writing): void {
  const { several, region } = place
  if (several === undefined) return
  const { folder, secrets } = writing
  const kept = join(secrets, region, nodeSecretName)
  makeNodeSecret(kept)
  replaceSecretFile({ path: join(folder, nodeSecretName), what, text: readSecret(kept, what) })
  const { node, nodes } = several
  const write = (name: string, of: string): void =>
    replaceSecretFile({ path: join(folder, name), what: 'the configuration', text: quorumConf(of, place, writing) })
  if (node !== undefined) return write('quorum.conf', node)
  for (const each of nodes) write(`quorum-${each.node}.conf`, each.node)
}

/** For a balancer before the nodes, on any host: it has no secret in it. Pods have a Service. */
export function writeBalancer({ region, several }: Place, folder: string): void {
  if (several?.node === undefined) return
  const nodeEndpoint = Object.fromEntries(
    several.nodes.map(({ node, host }) => [node, `https://${hostInUrl(host)}:${apiPort}`]),
  )
  const options = { region, host: '0.0.0.0', port: apiPort, nodeEndpoint }
  writeFileSync(join(folder, 'balancer.json'), `${JSON.stringify(options, undefined, 2)}\n`)
}

function quorumConf(self: string, { region, natsPort, several }: Place, writing: Writing): string {
  const { installed, state, name, secrets } = writing
  const { nodes } = required(several, 'the nodes of the region')
  const at = (file: string): string => join(installed, file)
  const shown = { cert: at('quorum.crt'), key: at('quorum.key'), ca: at('ca.crt') }
  const { quorum, route } = ports(natsPort)
  const lines = quorumSettings({
    region: self,
    regions: nodes.map(({ node }) => node),
    node: { certificate: name },
    listen: `127.0.0.1:${quorum}`,
    store: join(state, 'longitude-quorum'),
    tls: natsTlsBlock({ ...shown, verify: 'verify_and_map' }),
    routes: {
      listen: `0.0.0.0:${route}`,
      to: nodes.flatMap((each) =>
        each.node === self ? [] : [`${hostInUrl(each.host)}:${ports(each.natsPort).route}`],
      ),
      password: quorumPassword(join(secrets, region)),
      tls: natsTlsBlock({ ...shown, verify: 'verify' }),
    },
  })
  return [
    '# Written by `longitude deployment`, again when the nodes change: restart the server then.',
    ...lines,
    '',
  ].join('\n')
}
