/** The options of a node in a region of several nodes (docs/design/nodes.md), and what does not go together with it yet. */
import { isLoopback } from '../../http/access/visitors.ts'
import { nodeNamesMax } from '../../core/limits/nodes-limits.ts'
import { requirePair } from '../../deployment/secrets/nats/nats-access.ts'
import { makeNodeSecret, readNodeSecrets } from '../../deployment/secrets/nats/nodes-secrets.ts'
import { Failure } from '../../process/failure.ts'

export type NodeAddress = { readonly node: string; readonly host: string; readonly port: number }

export type SeveralOptions = {
  /** This one. */
  readonly node: string
  /** All of the region, by their names: where each is reached by the others. */
  readonly nodes: ReadonlyMap<string, NodeAddress>
  /** Where this one listens for the others; the port is that of its own address. */
  readonly host: string
  /** Read again for each connection. The first is shown; after a rotation the former one is taken too, for a while. */
  readonly secrets: () => readonly string[]
  readonly tls: NodeTls | undefined
  /** As in core/node-line-limits.ts unless given. */
  readonly portConnectionsMax?: number
}

/** Files. */
export type NodeTls = { readonly caFile: string; readonly certFile: string; readonly keyFile: string }

type Given = {
  readonly node?: string | undefined
  readonly nodeAt: readonly NodeAddress[]
  readonly nodeHost: string
  readonly nodeSecret?: string | undefined
  readonly nodeTlsCa?: string | undefined
  readonly nodeTlsCert?: string | undefined
  readonly nodeTlsKey?: string | undefined
}

const nodesMin = 3

/** Undefined for a region of one node. Throws a Failure. */
export function severalOf(given: Given): SeveralOptions | undefined {
  const { node, nodeAt, nodeHost: host, nodeSecret } = given
  if (node === undefined) {
    if (nodeAt.length > 0) throw new Failure('--node-at needs --node, the name of this node among them')
    return undefined
  }
  const nodes = new Map(nodeAt.map((each) => [each.node, each]))
  if (nodes.size !== nodeAt.length) throw new Failure('--node-at names a node twice')
  if (!nodes.has(node)) throw new Failure(`--node-at does not say where ${node} is, which --node names`)
  if (nodes.size < nodesMin || nodes.size > nodeNamesMax || nodes.size % 2 === 0)
    throw new Failure(`a region has one node, or three, five or seven; --node-at names ${nodes.size}`)
  if (nodeSecret === undefined)
    throw new Failure('--node needs --node-secret FILE: nodes of a region know each other by it')
  const tls = tlsOf(given)
  if (isRemote({ host, nodes }) && tls === undefined)
    throw new Failure(
      'nodes of a region on several machines need --node-tls-ca, --node-tls-cert and --node-tls-key: what they say to each other are requests and rows',
    )
  return { node, nodes, host, secrets: secretsIn(nodeSecret), tls }
}

/** Not all of them are on this machine. */
const isRemote = ({ host, nodes }: Pick<SeveralOptions, 'host' | 'nodes'>): boolean =>
  !isLoopback(host) || [...nodes.values()].some((each) => !isLoopback(each.host))

function tlsOf({ nodeTlsCa: caFile, nodeTlsCert: certFile, nodeTlsKey: keyFile }: Given): NodeTls | undefined {
  requirePair({ certFile, keyFile, of: '--node-tls' })
  if (certFile === undefined && caFile === undefined) return undefined
  if (certFile === undefined || keyFile === undefined || caFile === undefined)
    throw new Failure('--node-tls-ca, --node-tls-cert and --node-tls-key go together')
  return { caFile, certFile, keyFile }
}

/** Throws a Failure where the file has none now. One that cannot be read later changes nothing. */
function secretsIn(path: string): () => readonly string[] {
  makeNodeSecret(path)
  let known = readNodeSecrets(path)
  return () => {
    try {
      known = readNodeSecrets(path)
    } catch {
      // Those that are known go on.
    }
    return known
  }
}

type Together = {
  readonly several?: SeveralOptions | undefined
  readonly workers?: number | undefined
  readonly quorum?: string | undefined
  readonly kms?: string | undefined
}

/** Throws a Failure that says what to leave out. */
export function refuseWithSeveral(options: Together): void {
  if (options.several === undefined) return
  const { workers = 1, quorum, kms } = options
  if (quorum === undefined)
    throw new Failure('--node needs --quorum: the nodes of a region order what they write there')
  if (workers > 1)
    throw new Failure('--workers and --node do not go together: each node of the region answers reads already')
  if (kms !== undefined && isRemote(options.several))
    throw new Failure(
      '--kms and --node do not go together where the nodes are on several machines, since its keys lie in a folder of one machine: use --key-service or --keyring',
    )
}
