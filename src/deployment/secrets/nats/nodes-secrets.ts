/**
 * What the nodes of each region show each other, below one folder: a secret, and a certificate that is also what they are known by. A folder for each region, so that
 * a node has those of its own region alone.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../../process/failure.ts'
import { makeSecretFile } from '../../../process/files/secret-file.ts'
import { keepPeerCertificate } from '../certificates/peer-certificate.ts'

export type RegionNodes = { readonly region: string; readonly hosts: readonly string[] }

const what = 'the secret of the nodes'

/** Makes what is missing, and a certificate for other hosts. Throws a Failure that shows nothing of what is secret. */
export async function makeNodesSecrets(folder: string, { region, hosts }: RegionNodes): Promise<void> {
  const own = join(folder, region)
  makeNodeSecret(join(own, 'node-secret'))
  await keepPeerCertificate({
    cert: join(own, 'node.crt'),
    key: join(own, 'node.key'),
    name: `longitude-nodes-${region}`,
    what: 'the certificate of the nodes',
    hosts,
  })
}

/** Made when it is not there. */
export function makeNodeSecret(path: string): void {
  if (!existsSync(path)) makeSecretFile({ path, what, text: `${randomBytes(32).toString('base64url')}\n` })
}

/** REGION=HOST,HOST,HOST. Throws a Failure for anything else. */
export function regionNodesOf(text: string): RegionNodes {
  const [, region, list = ''] = /^([a-z0-9-]+)=([A-Za-z0-9.:,-]+)$/.exec(text) ?? []
  const hosts = list.split(',').filter((host) => host !== '')
  if (region === undefined || hosts.length === 0) throw new Failure(`--node-hosts ${text} is not REGION=HOST,HOST,HOST`)
  return { region, hosts }
}
