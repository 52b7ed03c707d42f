/**
 * The accounts of a region's NATS server, the same in every way of deploying: one of the region itself, one of its caches, and one of each
 * peer, which holds no more than the peer's node must do. A peer has an account of its own and sees of the region's account three services,
 * one announcement and its own questions: with a user in the same account, also one that may only read, it could name the stream's own
 * subject as where a reply is to go, and so write to it. Users are known by certificate between hosts, and by nkey elsewhere.
 */
import {
  announceSubject,
  askSubject,
  cacheAskSubject,
  cacheInboxPrefix,
  consumerCreatedSubject,
  inboxPrefix,
  invalidationSubject,
  logSubject,
  streamName,
} from '../../../adapters/nats/nats-subjects.ts'
import { peerConsumersMax } from '../../../core/limits/limits.ts'
import { natsSettings } from '../../../nats-server/nats-settings.ts'
import { natsTlsBlock } from './nats-tls.ts'

/** Under which a peer's account has what it may use of the region's JetStream. */
export const peerApiPrefix = 'LONGITUDE'

/** The first name in the certificate of a node, or of a region's caches, by which NATS servers know it; a rotation adds `.2`, `.3` … */
export const certificateNameOf = (role: 'node' | 'cache', region: string): string => `longitude-${role}-${region}`

/** How a server knows a user: by the name in its certificate, or by the public key of its nkey. */
export type Identity = { readonly certificate: string } | { readonly nkey: string }

export type Identities = {
  readonly node: Identity
  readonly cache: Identity
  /** The peers' nodes by region. */
  readonly peers: ReadonlyMap<string, Identity>
}

export type SecuredServer = {
  readonly region: string
  readonly identities: Identities
  readonly port: number
  readonly store: string
  /** Paths on the host. */
  readonly certificate: string
  readonly key: string
  readonly authority: string
}

export function securedNatsConfiguration(server: SecuredServer): string {
  const { region, identities, port, store } = server
  return [
    '# Written by `longitude deployment`, again when the regions change: restart the server then, since a reload does not connect a new account.',
    ...natsSettings({ name: region, listen: `0.0.0.0:${port}`, store }),
    '',
    '# Whoever connects shows a certificate of the deployment’s own authority; its name decides which user that is.',
    ...natsTlsBlock({
      cert: server.certificate,
      key: server.key,
      ca: server.authority,
      verify: 'verify_and_map',
      timeoutSeconds: 5,
    }),
    '',
    ...accountLines(region, identities),
    '',
  ].join('\n')
}

/** The part of a configuration that says who may do what. Nobody else is let in: there is no user without credentials. */
export function accountLines(region: string, { node, cache, peers }: Identities): readonly string[] {
  return [
    'accounts {',
    ...indented(ownAccount(region, node, [...peers.keys()])),
    ...indented(cacheAccount(region, cache)),
    ...[...peers].flatMap(([peer, identity]) => indented(peerAccount(region, peer, identity))),
    '}',
  ]
}

/** Of the region's JetStream, what a peer may ask for: where its stream stands, a consumer without a name, and messages. */
function servicesOf(region: string): readonly { readonly api: string; readonly many: boolean }[] {
  const stream = streamName(region)
  return [
    { api: `STREAM.INFO.${stream}`, many: false },
    { api: `CONSUMER.CREATE.${stream}`, many: false },
    { api: `CONSUMER.MSG.NEXT.${stream}.*`, many: true },
  ]
}

function ownAccount(region: string, identity: Identity, peers: readonly string[]): readonly string[] {
  const stream = streamName(region)
  const ofStream = ['STREAM.INFO', 'STREAM.CREATE', 'STREAM.UPDATE', 'STREAM.DELETE', 'STREAM.MSG.GET', 'CONSUMER.LIST']
  const ofConsumer = ['CONSUMER.INFO', 'CONSUMER.DELETE']
  const api = [
    ...ofStream.map((of) => `$JS.API.${of}.${stream}`),
    ...ofConsumer.map((of) => `$JS.API.${of}.${stream}.*`),
  ]
  const accounts = `accounts: ${list(peers.map(accountOf))}`
  const toPeers = [
    ...servicesOf(region).map(
      (service) =>
        `{ service: ${text(`$JS.API.${service.api}`)}${service.many ? ', response_type: stream' : ''}, ${accounts} }`,
    ),
    `{ stream: ${text(announceSubject(region))}, ${accounts} }`,
  ]
  const exports = [
    `{ stream: ${text(invalidationSubject(region))}, accounts: [CACHES] }`,
    `{ service: ${text(cacheAskSubject(region))}, accounts: [CACHES] }`,
    ...(peers.length === 0 ? [] : toPeers),
    ...peers.map((peer) => `{ service: ${text(askSubject(region, peer))}, accounts: ${list([accountOf(peer)])} }`),
  ]
  return [
    'REGION {',
    `  jetstream: { max_streams: 1, max_consumers: ${peerConsumersMax} }`,
    ...user({
      identity,
      // Answers go to where the server has mapped the asker's own inbox.
      publish: [logSubject(region), announceSubject(region), invalidationSubject(region), ...api, '_R_.>'],
      subscribe: [
        `${inboxPrefix(region)}.>`,
        askSubject(region, '*'),
        cacheAskSubject(region),
        consumerCreatedSubject(region),
      ],
    }),
    '  exports: [',
    ...exports.map((each) => `    ${each}`),
    '  ]',
    '}',
  ]
}

/** Caches of the region itself: they hear what has changed, and ask where the log stands. */
function cacheAccount(region: string, identity: Identity): readonly string[] {
  const [changes, asks] = [invalidationSubject(region), cacheAskSubject(region)]
  return [
    'CACHES {',
    ...user({ identity, publish: [asks], subscribe: [`${cacheInboxPrefix(region)}.>`, changes] }),
    '  imports: [',
    `    { stream: { account: REGION, subject: ${text(changes)} } }`,
    `    { service: { account: REGION, subject: ${text(asks)} } }`,
    '  ]',
    '}',
  ]
}

function peerAccount(region: string, peer: string, identity: Identity): readonly string[] {
  const asks = askSubject(region, peer)
  const imports = [
    ...servicesOf(region).map(
      ({ api }) =>
        `{ service: { account: REGION, subject: ${text(`$JS.API.${api}`)} }, to: ${text(`${peerApiPrefix}.${api}`)} }`,
    ),
    `{ stream: { account: REGION, subject: ${text(announceSubject(region))} } }`,
    `{ service: { account: REGION, subject: ${text(asks)} } }`,
  ]
  return [
    `${text(accountOf(peer))} {`,
    ...user({
      identity,
      publish: [`${peerApiPrefix}.>`, asks],
      subscribe: [`${inboxPrefix(peer)}.>`, announceSubject(region)],
    }),
    '  imports: [',
    ...imports.map((each) => `    ${each}`),
    '  ]',
    '}',
  ]
}

type User = { readonly identity: Identity; readonly publish: readonly string[]; readonly subscribe: readonly string[] }

function user({ identity, publish, subscribe }: User): readonly string[] {
  return [
    '  users: [{',
    'nkey' in identity ? `    nkey: ${identity.nkey}` : `    user: ${text(`CN=${identity.certificate}`)}`,
    `    permissions { publish { allow: ${list(publish)} }, subscribe { allow: ${list(subscribe)} } }`,
    '  }]',
  ]
}

function accountOf(peer: string): string {
  return `PEER_${peer}`
}

function list(names: readonly string[]): string {
  return `[${names.map(text).join(', ')}]`
}

function text(value: string): string {
  return JSON.stringify(value)
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`)
}
