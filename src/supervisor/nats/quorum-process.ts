/** A region's quorum server (docs/design/quorum.md): on the loopback, its store in the region's folder, its routes through the links. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { identitiesOf } from '../../deployment/secrets/nats/nats-secrets.ts'
import { quorumCertificateIn, quorumPassword } from '../../deployment/secrets/nats/quorum-secret.ts'
import type { Layout } from '../../deployment/layout.ts'
import type { MemberPlan } from '../children/members.ts'
import { natsTlsBlock } from '../../deployment/secrets/nats/nats-tls.ts'
import { quorumSettings } from '../../deployment/secrets/nats/quorum-settings.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { writeConfiguration } from './nats-process.ts'
import { type DeploymentTls, natsTlsLines } from '../flags/tls-flags.ts'

export const quorumFolderName = 'quorum'

export const quorumArguments = ({ folder }: MemberPlan): readonly string[] => ['--config', configurationPath(folder)]

export type QuorumServer = {
  readonly plan: MemberPlan
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
  const { self, all, to, password } = clusterOf({ plan, layout, secrets })
  try {
    mkdirSync(store, { recursive: true })
    const lines = quorumSettings({
      region: self,
      regions: all,
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

type Cluster = {
  readonly self: string
  readonly all: readonly string[]
  /** Where the others are reached. */
  readonly to: readonly string[]
  readonly password: string
}

/** Those of the nodes of one region have a cluster of their own, without links between them, and a password that no other region's servers know. */
function clusterOf({ plan: { name, of }, layout, secrets }: Omit<QuorumServer, 'tls'>): Cluster {
  if (of === undefined) {
    const to = layout.routes.flatMap(({ from, port }) => (from === name ? [`127.0.0.1:${port}`] : []))
    const all = layout.regions.map((region) => region.name)
    return { self: name, all, to, password: quorumPassword(secrets) }
  }
  const others = of.all.filter((node) => node !== of.node)
  return {
    self: of.node.name,
    all: of.all.map((node) => node.name),
    to: others.map(({ quorum }) => `127.0.0.1:${quorum.routePort}`),
    password: quorumPassword(join(secrets, name)),
  }
}

function routeTlsLines(secrets: string, tls: DeploymentTls | undefined): readonly string[] {
  if (tls === undefined) return []
  const { cert, key } = quorumCertificateIn(secrets)
  return natsTlsBlock({ cert, key, ca: cert })
}

const configurationPath = (folder: string): string => join(folder, 'quorum.conf')
