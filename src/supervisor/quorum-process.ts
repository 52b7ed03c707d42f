/** A region's quorum server (docs/design/quorum.md): on the loopback, its store in the region's folder, its routes through the links. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { identitiesOf } from '../deployment/secrets/nats-secrets.ts'
import { quorumCertificateIn, quorumPassword } from '../deployment/secrets/quorum-secret.ts'
import type { Layout, RegionPlan } from '../deployment/layout.ts'
import { quorumSettings } from '../deployment/secrets/quorum-settings.ts'
import { Failure, messageOf } from '../process/failure.ts'
import { writeConfiguration } from './nats-process.ts'
import { type DeploymentTls, natsTlsLines } from './tls-flags.ts'

export const quorumFolderName = 'quorum'

export const quorumArguments = ({ folder }: RegionPlan): readonly string[] => ['--config', configurationPath(folder)]

export type QuorumServer = {
  readonly plan: RegionPlan
  readonly layout: Layout
  readonly secrets: string
  readonly tls?: DeploymentTls | undefined
}

/** Throws a Failure that says what cannot be written. */
export function prepareQuorum({ plan, layout, secrets, tls }: QuorumServer): void {
  const { name, folder, quorum } = plan
  if (quorum === undefined) return
  const store = join(folder, quorumFolderName)
  const { node } = identitiesOf(secrets, name)
  const password = quorumPassword(secrets)
  const to = layout.routes.flatMap(({ from, port }) => (from === name ? [`127.0.0.1:${port}`] : []))
  try {
    mkdirSync(store, { recursive: true })
    const lines = quorumSettings({
      region: name,
      regions: layout.regions.map((region) => region.name),
      node,
      listen: `127.0.0.1:${quorum.port}`,
      store,
      tls: natsTlsLines(tls),
      routes: { listen: `127.0.0.1:${quorum.routePort}`, to, password, tls: routeTlsLines(secrets, tls) },
    })
    writeConfiguration(configurationPath(folder), lines)
  } catch (error) {
    throw new Failure(`the folder ${folder} of ${name} cannot be written: ${messageOf(error)}`)
  }
}

function routeTlsLines(secrets: string, tls: DeploymentTls | undefined): readonly string[] {
  if (tls === undefined) return []
  const { cert, key } = quorumCertificateIn(secrets)
  return natsTlsLines({ cert, key }).flatMap((line) =>
    line === '}' ? [`  ca_file: ${JSON.stringify(cert)}`, line] : [line],
  )
}

const configurationPath = (folder: string): string => join(folder, 'quorum.conf')
