/**
 * The configurations of quorum servers that `longitude secrets --quorum-conf` writes. Each server has a folder of its own, with all that it shows:
 *
 *   FOLDER/servers/               the password and the certificate of all quorum servers, for this command only
 *   FOLDER/REGION/quorum.conf     with the password; quorum.crt and quorum.key are beside it
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { identitiesOf } from '../../../deployment/secrets/nats-secrets.ts'
import {
  forgetQuorumSecrets,
  makeQuorumCertificate,
  quorumCertificateIn,
  quorumPassword,
} from '../../../deployment/secrets/quorum-secret.ts'
import { natsTlsBlock } from '../../../deployment/secrets/nats-tls.ts'
import { quorumSettings } from '../../../deployment/secrets/quorum-settings.ts'
import { Failure } from '../../../process/failure.ts'
import { replaceSecretFile } from '../../../process/secret-file.ts'
import { writeConfiguration } from '../../../supervisor/nats-process.ts'

export type QuorumFiles = {
  readonly folder: string
  /** Where each region's server reaches each other one, FROM..TO=HOST:PORT. */
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
export async function writeQuorumFiles({ folder: to, routes: texts, ...files }: QuorumFiles): Promise<void> {
  const folder = resolve(to)
  const servers = join(folder, 'servers')
  const routes = texts.map(routeOf)
  requireAll(routes, files.regions)
  if (files.isRotation) forgetQuorumSecrets(servers)
  const password = quorumPassword(servers)
  await makeQuorumCertificate(servers, [...new Set(routes.map(({ host }) => host))])
  const shown = quorumCertificateIn(servers)
  const [certificate, key] = [readFileSync(shown.cert, 'utf8'), readFileSync(shown.key, 'utf8')]
  for (const region of files.regions) {
    const own = join(folder, region)
    replaceSecretFile({ path: join(own, 'quorum.key'), what, text: key })
    replaceSecretFile({ path: join(own, 'quorum.crt'), what, text: certificate })
    const lines = linesOf(region, { ...files, routes, password })
    // A server starts again when this file is another.
    const note = `# Its certificate: ${new X509Certificate(certificate).fingerprint256}`
    writeConfiguration(join(own, 'quorum.conf'), [note, ...lines])
  }
}

type Shared = Pick<QuorumFiles, 'regions' | 'natsSecrets'> & {
  readonly routes: readonly Route[]
  readonly password: string
}

function linesOf(region: string, { regions, natsSecrets, routes, password }: Shared): readonly string[] {
  return quorumSettings({
    region,
    regions,
    node: identitiesOf(natsSecrets, region).node,
    listen: `0.0.0.0:${nodePort}`,
    store: installed,
    tls: [],
    routes: {
      listen: `0.0.0.0:${routePort}`,
      to: routes.flatMap(({ from, at }) => (from === region ? [at] : [])),
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

function routeOf(text: string): Route {
  const [, from, to, at, host] = /^([a-z0-9-]+)\.\.([a-z0-9-]+)=(([A-Za-z0-9.-]+):\d{1,5})$/.exec(text) ?? []
  if (from === undefined || to === undefined || at === undefined || host === undefined)
    throw new Failure(`--quorum-route ${text} is not FROM..TO=HOST:PORT`)
  return { from, to, at, host }
}

/** A server without a route to one of the others would elect alone. */
function requireAll(routes: readonly Route[], regions: readonly string[]): void {
  const known = new Set(routes.map(({ from, to }) => `${from} ${to}`))
  for (const from of regions)
    for (const to of regions)
      if (from !== to && !known.has(`${from} ${to}`))
        throw new Failure(`--quorum-route has no way from ${from} to ${to}: servers would elect without each other`)
}
