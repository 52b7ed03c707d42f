/** What the programs of a deployment are told of TLS: one certificate for all of them, since they run on one machine. */
import { natsTlsBlock } from '../../deployment/secrets/nats/nats-tls.ts'
import type { Supervised } from '../children/supervised.ts'

export type DeploymentTls = {
  readonly cert: string
  readonly key: string
  /** What it is known by; the system's authorities where it is not given. */
  readonly ca?: string | undefined
  /** Renews what ends soon; absent where the certificate is the operator's own. */
  readonly keep?: () => void
}

type Tls = DeploymentTls | undefined
type Flags = Readonly<Record<string, string>>

export const natsUrl = (tls: Tls, port: number): string => `${tls === undefined ? 'nats' : 'tls'}://127.0.0.1:${port}`

/** Of a program that others connect to. */
export function shownFlags(tls: Tls): Flags {
  return tls === undefined ? {} : { 'tls-cert': tls.cert, 'tls-key': tls.key }
}

/** Of a program that asks others, by the option that it has for that. */
export function trustFlags(tls: Tls, ...options: readonly ('tls-ca' | 'nats-tls-ca' | 'upstream-ca')[]): Flags {
  return Object.fromEntries(options.flatMap((name) => (tls?.ca === undefined ? [] : [[name, tls.ca]])))
}

/** The part of a NATS server's configuration. */
export function natsTlsLines(tls: Tls): readonly string[] {
  return tls === undefined ? [] : natsTlsBlock({ cert: tls.cert, key: tls.key })
}

export type NatsServers = {
  readonly members: readonly { readonly nats: Pick<Supervised, 'reload'> }[]
  readonly quorumServers: () => readonly Pick<Supervised, 'reload'>[]
}

/** NATS servers read the certificate again when they are told to; their connections go on. */
export function reloadNats({ members, quorumServers }: NatsServers): void {
  for (const server of [...members.map(({ nats }) => nats), ...quorumServers()]) server.reload()
}
