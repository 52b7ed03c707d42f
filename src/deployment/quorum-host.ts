/**
 * The quorum server of a region on a machine of its own (docs/design/quorum-servers.md), from three regions on: its node reaches it by the loopback,
 * the other quorum servers by a port of the host. Each shows the others a certificate of the deployment's authority and the password.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RegionHost } from './host-options.ts'
import type { Wish } from './secrets/certificates/certificate.ts'
import { quorumPassword } from './secrets/nats/quorum-secret.ts'
import { natsTlsBlock } from './secrets/nats/nats-tls.ts'
import { quorumSettings } from './secrets/nats/quorum-settings.ts'

const hostsMin = 3
/** Beside the port of the region's NATS server. */
const nodePort = (natsPort: number): number => natsPort + 1
const routePort = (natsPort: number): number => natsPort + 2

type Hosts = { readonly hosts: readonly RegionHost[] }

export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** For the node's longitude.json. */
export function quorumOptions(natsPort: number, hosts: readonly RegionHost[]): { readonly quorum?: string } {
  return hosts.length < hostsMin ? {} : { quorum: `tls://localhost:${nodePort(natsPort)}` }
}

/** Its certificate is for both sides: quorum servers connect to each other. */
export function quorumWish(
  { host }: RegionHost,
  { hosts, certificateDays: days }: Hosts & { readonly certificateDays: number },
): Readonly<Record<string, Wish>> {
  if (hosts.length < hostsMin) return {}
  return { quorum: { name: host, days, use: 'peer', hosts: [...new Set([host, 'localhost', '127.0.0.1', '::1'])] } }
}

export type QuorumWriting = Hosts & {
  readonly at: RegionHost
  readonly folder: string
  readonly installed: string
  readonly state: string
  /** Of the certificate of the region's node. */
  readonly node: string
  /** The folder that stays. */
  readonly secrets: string
}

/** Writes quorum.conf, which has the password in it. */
export function writeQuorum({ at, hosts, folder, installed, state, node, secrets }: QuorumWriting): void {
  const path = join(folder, 'quorum.conf')
  rmSync(path, { force: true })
  if (hosts.length < hostsMin) return
  const shown = {
    cert: join(installed, 'quorum.crt'),
    key: join(installed, 'quorum.key'),
    ca: join(installed, 'ca.crt'),
  }
  const lines = quorumSettings({
    region: at.region,
    regions: hosts.map(({ region }) => region),
    node: { certificate: node },
    listen: `127.0.0.1:${nodePort(at.natsPort)}`,
    store: join(state, 'longitude-quorum'),
    tls: natsTlsBlock({ ...shown, verify: 'verify_and_map' }),
    routes: {
      listen: `0.0.0.0:${routePort(at.natsPort)}`,
      to: hosts.flatMap(({ region, host, natsPort }) =>
        region === at.region ? [] : [`${hostInUrl(host)}:${routePort(natsPort)}`],
      ),
      password: quorumPassword(secrets),
      tls: natsTlsBlock({ ...shown, verify: 'verify' }),
    },
  })
  const note = '# Written by `longitude deployment`, again when the regions change: restart the server then.'
  writeFileSync(path, [note, ...lines, ''].join('\n'), { mode: 0o600 })
}
