/**
 * Follows the NATS secrets of a run: when one has come, gone or changed, the servers are started again with configurations that have it.
 * Nodes look at the keys of messages themselves; only one that is missing is made here. A reload is not enough: nats-server does not connect the account of a new region to that of its own until it starts (2.10.27, 2.15.1).
 */
import type { Log } from '../../ports/log.ts'
import { messageOf } from '../../process/failure.ts'
import { makeMessageKeys } from '../../deployment/secrets/keys/message-keys.ts'
import { makeNatsSecrets, natsSecretsVersion } from '../../deployment/secrets/nats/nats-secrets.ts'
import type { Member } from '../children/members.ts'
import { prepareNats } from '../nats/nats-process.ts'
import type { Supervised } from '../children/supervised.ts'
import type { DeploymentTls } from '../flags/tls-flags.ts'

export type SecretsWatchOptions = {
  readonly folder: string
  readonly messageKeys: string
  /** All nodes of all regions. */
  readonly members: readonly Pick<Member, 'plan' | 'nats'>[]
  readonly quorumServers: () => readonly Pick<Supervised, 'renew'>[]
  readonly tls?: DeploymentTls | undefined
  readonly log: Log
}

export class SecretsWatch {
  readonly #options: SecretsWatchOptions
  #version: string
  #complaint: string | undefined

  constructor(options: SecretsWatchOptions) {
    this.#options = options
    this.#version = natsSecretsVersion(options.folder)
  }

  /** Called again and again. A change that cannot be taken up is tried again, and changes nothing meanwhile. */
  look(): void {
    const { folder, messageKeys, members, quorumServers, tls, log } = this.#options
    try {
      const names = [...new Set(members.map(({ plan }) => plan.name))]
      makeNatsSecrets(folder, names)
      makeMessageKeys(messageKeys, names)
      const version = natsSecretsVersion(folder)
      if (version === this.#version) return
      for (const { plan } of members) prepareNats(plan, folder, tls)
      for (const server of [...members.map(({ nats }) => nats), ...quorumServers()]) server.renew()
      this.#version = version
      this.#complaint = undefined
      log.info('the NATS secrets have changed, and the servers are started again with them')
    } catch (error) {
      const complaint = messageOf(error)
      if (complaint !== this.#complaint) log.error('the NATS secrets cannot be taken up', { error: complaint })
      this.#complaint = complaint
    }
  }
}
