/** This node's side of the streams that regions share (ports/quorum.ts), where the deployment has quorum servers for it. */
import { NatsQuorum } from '../adapters/nats/quorum/nats-quorum.ts'
import type { Topology } from '../core/topology.ts'
import type { NatsAccess } from '../deployment/secrets/nats/nats-access.ts'
import type { Log } from '../ports/log.ts'
import type { Meter } from '../ports/meter.ts'
import type { Quorum } from '../ports/quorum.ts'
import { messageOf } from '../process/failure.ts'
import { makeSecretFile } from '../process/files/secret-file.ts'
import type { Lifecycle } from '../region/lifecycle.ts'
import type { EncryptionFiles } from './store/encryption.ts'

/** What a node is told by flags of files and servers beside its own. */
export type NodeFiles = EncryptionFiles & QuorumOptions

type QuorumOptions = {
  /** Address of this region's quorum server; where the region has several nodes, of this node's. */
  readonly quorum?: string | undefined
  /** Where the region has several nodes: address of the region's quorum server among those of the other regions. */
  readonly groupQuorum?: string | undefined
  /** The file that says that it is wanted, for the program that starts the server. */
  readonly quorumWanted?: string | undefined
}

type Node = QuorumOptions & {
  readonly self: { readonly name: string }
  readonly natsAccess: NatsAccess
  readonly log: Log
}

type Around = { readonly topology: Topology; readonly meter: Meter; readonly life: Lifecycle }

/** Returns what it adds to the environment. Nothing is connected before a stream is opened. */
export function quorumOf(node: Node, { topology, meter, life }: Around): { readonly quorum?: Quorum } {
  const { quorum: url, quorumWanted, self, natsAccess, log } = node
  if (url === undefined) return {}
  const quorum = new NatsQuorum({
    self: self.name,
    server: natsAccess.own(url),
    regions: () => topology.regions.map(({ name }) => name),
    onWanted: () => {
      if (quorumWanted !== undefined) want(quorumWanted, log)
    },
    meter,
    log,
  })
  life.add(() => quorum.close())
  return { quorum }
}

function want(path: string, log: Log): void {
  try {
    makeSecretFile({
      path,
      what: 'the wish for quorum servers',
      text: 'The quorum servers start while this file is here.\n',
    })
  } catch (error) {
    log.error('quorum servers cannot be asked for', { error: messageOf(error) })
  }
}
