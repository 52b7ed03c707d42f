/**
 * What the nodes of each region show each other, below one folder: a secret, and a certificate that is also what they are known by. A folder for each region, so that
 * a node has those of its own region alone.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../../process/failure.ts'
import { makeSecretFile, replaceSecretFile } from '../../../process/files/secret-file.ts'
import {
  keepPeerCertificate,
  type PeerCertificate,
  peerCertificate,
  replacePeerCertificate,
} from '../certificates/peer-certificate.ts'
import { readSecret } from './nats-access.ts'

export type RegionNodes = { readonly region: string; readonly hosts: readonly string[] }

const what = 'the secret of the nodes'
export const nodeSecretName = 'node-secret'
/** Of nodes that all read it from one place. */
export const formerInOnePlaceMs = 10 * 60_000
/** Of nodes on hosts, to which it is brought one after the other. */
export const formerOverHostsMs = 24 * 60 * 60_000
/** A node looks at files each second. */
const looksMsMax = 5000
/** The one that is shown, and a former one. */
const secretsMax = 2

/** Makes what is missing, and a certificate for other hosts. Throws a Failure that shows nothing of what is secret. */
export async function makeNodesSecrets(folder: string, nodes: RegionNodes): Promise<void> {
  makeNodeSecret(join(folder, nodes.region, nodeSecretName))
  await keepPeerCertificate(certificateOf(folder, nodes))
  trust(folder, nodes)
}

/**
 * Makes others while the nodes run, which read them from here: first all nodes trust the new certificates beside those that they have, then they show them. The former ones are
 * trusted until this program is run again after some time, and the former secrets are taken for that long.
 */
export async function rotateNodesSecrets(
  folder: string,
  all: readonly RegionNodes[],
  looked = async (): Promise<void> => await sleep(looksMsMax),
): Promise<void> {
  const made = await Promise.all(all.map(async (nodes) => await peerCertificate(certificateOf(folder, nodes))))
  for (const [n, nodes] of all.entries()) trust(folder, nodes, made[n]?.certificate)
  await looked()
  for (const [n, nodes] of all.entries()) {
    const one = made[n]
    if (one !== undefined) replacePeerCertificate(certificateOf(folder, nodes), one)
    rotateNodeSecret(join(folder, nodes.region, nodeSecretName), formerInOnePlaceMs)
  }
}

const certificateOf = (folder: string, { region, hosts }: RegionNodes): PeerCertificate => ({
  cert: join(folder, region, 'node.crt'),
  key: join(folder, region, 'node.key'),
  name: `longitude-nodes-${region}`,
  what: 'the certificate of the nodes',
  hosts,
})

/** What nodes know each other by: the certificate that they show, and the next one or the former one beside it for a while. */
function trust(folder: string, nodes: RegionNodes, next?: string): void {
  const path = join(folder, nodes.region, 'node-ca.crt')
  const shown = readFileSync(certificateOf(folder, nodes).cert, 'utf8')
  const since = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
  const known = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (next === undefined && known.includes(shown) && (known === shown || since < formerInOnePlaceMs)) return
  replaceSecretFile({ path, what: 'the certificate of the nodes', text: `${shown}${next ?? ''}` })
}

/**
 * Makes another secret, which nodes show from now on. The former one is taken for a while, and then no more:
 *
 *   SECRET
 *   FORMER 2026-12-31T00:00:00.000Z
 */
export function rotateNodeSecret(path: string, formerMs: number): void {
  if (!existsSync(path)) return makeNodeSecret(path)
  const [former = ''] = readNodeSecrets(path)
  const until = new Date(Date.now() + formerMs).toISOString()
  replaceSecretFile({ path, what, text: `${newSecret()}\n${former} ${until}\n` })
}

const secretForm = /^([\w-]{32,256})(?: (\S+))?$/

/** The first is that which is shown. Throws a Failure that shows nothing of them. */
export function readNodeSecrets(path: string): readonly string[] {
  const lines = readSecret(path, '--node-secret').trim().split('\n').slice(0, secretsMax)
  const secrets = lines.flatMap((line) => {
    const [, secret, until] = secretForm.exec(line) ?? []
    if (secret === undefined) throw new Failure(`--node-secret ${path} has no secret of 32 to 256 letters and digits`)
    return until !== undefined && !(Date.parse(until) > Date.now()) ? [] : [secret]
  })
  if (secrets.length === 0) throw new Failure(`--node-secret ${path} has no secret that has not ended`)
  return secrets
}

const newSecret = (): string => randomBytes(32).toString('base64url')

/** Made when it is not there. */
export function makeNodeSecret(path: string): void {
  if (!existsSync(path)) makeSecretFile({ path, what, text: `${newSecret()}\n` })
}

/** REGION=HOST,HOST,HOST. Throws a Failure for anything else. */
export function regionNodesOf(text: string): RegionNodes {
  const [, region, list = ''] = /^([a-z0-9-]+)=([A-Za-z0-9.:,-]+)$/.exec(text) ?? []
  const hosts = list.split(',').filter((host) => host !== '')
  if (region === undefined || hosts.length === 0) throw new Failure(`--node-hosts ${text} is not REGION=HOST,HOST,HOST`)
  return { region, hosts }
}
