/**
 * The configuration of a region's quorum server, in every way of deploying (docs/design/quorum.md). The servers of all regions form one cluster. A
 * server tells others of no address of its own: its peers would use it beside the routes that they are given, and so go past the links.
 */
import { inboxPrefix } from '../../../adapters/nats/nats-subjects.ts'
import { notOfTag, placedSubject, quorumSubject } from '../../../adapters/nats/quorum/nats-quorum-subjects.ts'
import { quorumEntryBytesMax, quorumFileBytesMax } from '../../../core/limits/quorum-server-limits.ts'
import type { Identity } from './nats-accounts.ts'

export type QuorumServerSettings = {
  readonly region: string
  /** Of all regions that have quorum servers, this one among them. */
  readonly regions: readonly string[]
  /** Of the region's node: no other user is let in. */
  readonly node: Identity
  readonly listen: string
  readonly store: string
  readonly routes: {
    readonly listen: string
    /** Where the other servers are reached, HOST:PORT. */
    readonly to: readonly string[]
    /** What servers show each other: at a route everything is allowed. */
    readonly password: string
    /** Lines of a block `tls`. */
    readonly tls: readonly string[]
  }
  /** Likewise, for the node. */
  readonly tls: readonly string[]
}

const routeUser = 'quorum'
const text = JSON.stringify
/** A leader's answer has an entry in base64. */
const payloadBytesMax = 2 * quorumEntryBytesMax
/** Nothing can listen there that is not root's. */
export const quorumAdvertised = '127.0.0.1:1'

/** An entry counts as placed when a majority has it on disk, so each write is flushed: `sync_interval: always`. */
export function quorumSettings(server: QuorumServerSettings): readonly string[] {
  const { region, regions, listen, store, routes, tls } = server
  const tags = regions.filter((other) => other !== region).map(notOfTag)
  return [
    `server_name: ${text(region)}`,
    `server_tags: ${text(tags)}`,
    `listen: ${text(listen)}`,
    `max_payload: ${payloadBytesMax}`,
    'ping_interval: "5s"',
    'ping_max: 2',
    'write_deadline: "20s"',
    `jetstream { store_dir: ${text(store)}, sync_interval: always, max_file_store: ${quorumFileBytesMax}, max_memory_store: 67108864 }`,
    ...tls,
    'cluster {',
    '  name: quorum',
    `  listen: ${text(routes.listen)}`,
    `  advertise: ${text(quorumAdvertised)}`,
    '  no_advertise: true',
    '  pool_size: -1',
    `  authorization { user: ${routeUser}, password: ${text(routes.password)}, timeout: 15 }`,
    `  routes: ${text(routes.to.map((at) => `nats-route://${routeUser}:${routes.password}@${at}`))}`,
    ...routes.tls.map((line) => `  ${line}`),
    '}',
    ...accountLines(server),
  ]
}

/** The node makes, asks and removes streams, and none of the accounts' users may do anything else. */
function accountLines({ region, node }: QuorumServerSettings): readonly string[] {
  const asked = ['STREAM.INFO', 'STREAM.CREATE', 'STREAM.DELETE', 'STREAM.PURGE', 'STREAM.MSG.GET', 'DIRECT.GET']
  const publish = [quorumSubject('*'), ...asked.map((of) => `$JS.API.${of}.*`)]
  const subscribe = [`${inboxPrefix(region)}.>`, placedSubject('*')]
  return [
    'accounts {',
    '  QUORUM {',
    '    jetstream: enabled',
    '    users: [{',
    'nkey' in node ? `      nkey: ${node.nkey}` : `      user: ${text(`CN=${node.certificate}`)}`,
    `      permissions { publish { allow: ${text(publish)} }, subscribe { allow: ${text(subscribe)} } }`,
    '    }]',
    '  }',
    '}',
  ]
}
