/** The options of regions on machines of their own: TLS and message keys of a node, and what `longitude deployment` writes. Rows of configuration.ts. */
import { z } from 'zod'

export type RegionHost = {
  readonly region: string
  /** Of several nodes, the first one's. */
  readonly host: string
  readonly natsPort: number
  /** Where it has several. */
  readonly nodes?: readonly NodeHost[]
}

type NodeHost = { readonly node: string; readonly host: string; readonly natsPort: number }

/** Those of a node. */
export const nodeTlsOptions = [
  'natsTlsCa',
  'natsTlsCert',
  'natsTlsKey',
  'natsNkey',
  'natsApiPrefix',
  'quorum',
  'groupQuorum',
  'quorumWanted',
  'messageKeys',
  'keyring',
  'keyService',
  'kms',
  'admitUnsignedPeersUntil',
  'tlsCert',
  'tlsKey',
  'loopbackPort',
] as const

const natsPortUsual = 4222
const groupPortUsual = 4224
const portMax = 65_535
const port = z.coerce.number('a port from 1 to 65535').int().min(1).max(portMax)
const file = z.string().min(1).optional()
const texts = z.union([
  z.array(z.string().min(1)),
  z.string().transform((text) => text.split(/[\s,]+/).filter((part) => part !== '')),
])
/** Regions are separated by spaces, since their hosts are by commas. */
const nodeHosts = z.union([
  z.array(z.string().min(1)),
  z.string().transform((text) => text.split(/\s+/).filter((part) => part !== '')),
])
const moment = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)$/, 'a time such as 2026-12-31T00:00:00Z')
  .refine((text) => Number.isFinite(Date.parse(text)), 'a time such as 2026-12-31T00:00:00Z')
/** Regions are separated by commas or spaces, and so are the hosts of one region: one without a name belongs to the region before it. */
const hostWords = z.string().transform((text) =>
  text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .reduce<string[]>((all, part) => {
      const last = all.at(-1)
      return part.includes('=') || last === undefined ? [...all, part] : [...all.slice(0, -1), `${last},${part}`]
    }, []),
)
const hosts = z
  .union([
    z.record(z.string(), z.string()).transform((map) => Object.entries(map).map(([region, at]) => `${region}=${at}`)),
    z.array(z.string()),
    hostWords,
  ])
  .pipe(z.array(z.string().transform(hostOf)).min(1, 'at least one REGION=HOST'))
const pods = z
  .union([
    z.record(z.string(), z.string()).transform((map) => Object.entries(map).map(([r, name]) => `${r}=${name}`)),
    texts,
  ])
  .pipe(z.array(z.string().regex(/^[a-z0-9-]+=[a-z0-9-]+$/, 'REGION=NAME')))
  .transform((all) => Object.fromEntries(all.map((text) => text.split('=') as [string, string])))

const groupQuorumAt = z
  .union([
    z.record(z.string(), z.string()).transform((map) => Object.entries(map).map(([r, at]) => `${r}=${at}`)),
    texts,
  ])
  .pipe(z.array(z.string().transform(groupAddressOf)))
  .transform((all) => Object.fromEntries(all))

export const deploymentOptions = {
  natsTlsCa: {
    flags: '--nats-tls-ca <file>',
    help: 'authority that NATS servers at tls:// addresses are known by; those of the system when not given',
    schema: file,
  },
  natsTlsCert: {
    flags: '--nats-tls-cert <file>',
    help: 'certificate that this node shows to NATS servers; read again for every connection',
    schema: file,
  },
  natsTlsKey: {
    flags: '--nats-tls-key <file>',
    help: 'key of --nats-tls-cert; refused when others of this machine can read it',
    schema: file,
  },
  natsNkey: {
    flags: '--nats-nkey <file>',
    help: 'seed of the nkey that this node shows to NATS servers, its own and its peers’, instead of or beside a certificate',
    schema: file,
  },
  natsApiPrefix: {
    flags: '--nats-api-prefix <prefix>',
    help: 'under which the NATS servers of the peers have what this region may use of their JetStream',
    schema: z
      .string()
      .regex(/^[A-Za-z0-9_$-]+(\.[A-Za-z0-9_$-]+)*$/, 'names separated by dots')
      .optional(),
  },
  quorum: {
    flags: '--quorum <url>',
    help: 'address of this region’s quorum server, which tables of strong consistency between regions need; there are none when not given',
    schema: z
      .string()
      .regex(/^(nats|tls):\/\/[^\s/]+$/, 'an address such as nats://127.0.0.1:8019')
      .optional(),
  },
  groupQuorum: {
    flags: '--group-quorum <url>',
    help: 'with --node: address of this region’s quorum server among those of the other regions, which tables of strong consistency between regions need',
    schema: z
      .string()
      .regex(/^(nats|tls):\/\/[^\s/]+$/, 'an address such as nats://127.0.0.1:8019')
      .optional(),
  },
  quorumWanted: {
    flags: '--quorum-wanted <file>',
    help: 'file that the node makes when it first needs its quorum server, for the program that starts that',
    schema: file,
  },
  messageKeys: {
    flags: '--message-keys <folder>',
    help: 'folder of the keys with which regions sign their messages; nothing is signed or checked when not given (of `secrets`: message-keys in the data folder)',
    schema: file,
  },
  keyring: {
    flags: '--keyring <file>',
    help: 'file of keys with which regions encrypt what they keep on a disk, made when it is not there; nothing is encrypted when not given',
    schema: file,
  },
  keyService: {
    flags: '--key-service <file>',
    help: 'file (0600) that names an endpoint of AWS KMS or a Vault whose keys encrypt what regions keep on a disk, instead of --keyring or after it (docs/operating/encryption.md)',
    schema: file,
  },
  kms: {
    flags: '--kms <folder>',
    help: 'serve a small AWS KMS at the endpoint of each region, with its keys in a file of that folder, REGION.json, made when it is not there',
    schema: file,
  },
  admitUnsignedPeersUntil: {
    flags: '--admit-unsigned-peers-until <time>',
    help: 'take messages of peers of version 0.1.0, which does not sign them, until this time, such as 2026-12-31T00:00:00Z',
    // An empty variable, as Compose passes on one that is not set, is none.
    schema: z
      .union([z.literal('').transform(() => undefined), moment.transform((text) => Date.parse(text))])
      .optional(),
  },
  tlsCert: {
    flags: '--tls-cert <file>',
    help: 'certificate that is shown to clients: HTTPS instead of HTTP (of `up`: everywhere, and it names 127.0.0.1); a new one is taken up while the program runs',
    schema: file,
  },
  tlsKey: {
    flags: '--tls-key <file>',
    help: 'key of --tls-cert; refused when others of this machine can read it',
    schema: file,
  },
  tls: {
    flags: '--tls',
    help: 'TLS everywhere: with an authority of the deployment’s own in DATA/tls, or with --tls-cert and --tls-key',
    schema: z.union([z.boolean(), z.stringbool()], 'true or false'),
    default: false,
  },
  tlsCa: {
    flags: '--tls-ca <file>',
    help: 'authority that certificates of the deployment are known by, beside those of the system (default: that in the data folder)',
    schema: file,
  },
  loopbackPort: {
    flags: '--loopback-port <port>',
    help: 'the endpoint by HTTP on the loopback too, beside HTTPS: what `longitude status --base-port` asks',
    schema: port.optional(),
  },
  natsSecrets: {
    flags: '--nats-secrets <folder>',
    help: 'where the secrets of the regions at NATS servers lie (default: nats-secrets in the data folder)',
    schema: file,
  },
  natsConf: {
    flags: '--nats-conf <folder>',
    help: 'also write the NATS server’s configuration of each of --regions there, as REGION.conf',
    schema: file,
  },
  natsListen: {
    flags: '--nats-listen <address>',
    help: 'address in what --nats-conf writes',
    schema: z.string().regex(/^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'HOST:PORT'),
    default: '127.0.0.1:4222',
  },
  natsStore: {
    flags: '--nats-store <folder>',
    help: 'folder of the server’s data in what --nats-conf writes',
    schema: z.string().min(1),
    default: '/data',
  },
  quorumConf: {
    flags: '--quorum-conf <folder>',
    help: 'also write there the configuration of the quorum server of each of --regions, with what it shows to the others, for a server that finds its folder as /data',
    schema: file,
  },
  quorumRoute: {
    flags: '--quorum-route <from..to=host:port...>',
    help: 'where the quorum server of one region reaches that of another, in what --quorum-conf writes; once for each; REGION/NODE of the nodes of a region of several',
    schema: texts,
    default: [],
    repeatable: true,
  },
  nodesSecrets: {
    flags: '--nodes-secrets <folder>',
    help: 'also make there what the nodes of a region show each other, in a folder for each region of --node-hosts: a secret and a certificate',
    schema: file,
  },
  nodeHosts: {
    flags: '--node-hosts <region=host,host,host...>',
    help: 'hosts of the nodes of a region of several, as they reach each other; once for each region',
    schema: nodeHosts,
    default: [],
    repeatable: true,
  },
  hosts: {
    flags: '--hosts <region=host...>',
    help: 'where each region is to run, as the others reach it: REGION=HOST or REGION=HOST:NATS-PORT, once for each; REGION=HOST,HOST,HOST of three nodes',
    schema: hosts,
    repeatable: true,
  },
  pods: {
    flags: '--pods <region=name...>',
    help: 'of a region of several nodes in Kubernetes: the name of its StatefulSet, whose pods they are; its files are written into one folder then',
    schema: pods,
    default: [],
    repeatable: true,
  },
  groupQuorumAt: {
    flags: '--group-quorum-at <region=host:port...>',
    help: 'of a region of --pods: where the other regions reach its quorum server among theirs, which tables of strong consistency between regions need (port 4224)',
    schema: groupQuorumAt,
    default: [],
    repeatable: true,
  },
  out: {
    flags: '--out <folder>',
    help: 'where the files are written; keep it, it holds the authority’s key',
    schema: z.string().min(1),
    default: './deployment',
  },
  installed: {
    flags: '--installed <folder>',
    help: 'where a region’s files will be on its host',
    schema: z.string().min(1),
    default: '/etc/longitude',
  },
  state: {
    flags: '--state <folder>',
    help: 'below which a host keeps the data of its node and of its NATS server',
    schema: z.string().min(1),
    default: '/var/lib',
  },
  certificateDays: {
    flags: '--certificate-days <days>',
    help: 'how long certificates are good for',
    schema: z.coerce.number().int().min(1).max(7300),
    default: 825,
  },
} as const

const nodeNames = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const

function hostOf(text: string, context: z.RefinementCtx): RegionHost {
  const [, region, list = ''] = /^([a-z0-9-]+)=(.+)$/.exec(text) ?? []
  const all = list.split(',').flatMap((each) => addressIn(each) ?? [])
  const [first] = all
  const isCount = all.length === 1 || (all.length % 2 === 1 && all.length <= nodeNames.length)
  if (region === undefined || first === undefined || all.length < list.split(',').length || !isCount) {
    context.addIssue({
      code: 'custom',
      message: `${text} is not REGION=HOST or REGION=HOST:NATS-PORT, nor that of three, five or seven hosts`,
    })
    return z.NEVER
  }
  if (all.length === 1) return { region, ...first }
  return { region, ...first, nodes: all.map((each, n) => ({ node: nodeNames[n] ?? '', ...each })) }
}

type GroupAddress = { readonly host: string; readonly port: number }

function groupAddressOf(text: string, context: z.RefinementCtx): readonly [region: string, at: GroupAddress] {
  const [, region, at = ''] = /^([a-z0-9-]+)=(.+)$/.exec(text) ?? []
  const found = addressIn(at, groupPortUsual)
  if (region !== undefined && found !== undefined) return [region, { host: found.host, port: found.natsPort }]
  context.addIssue({ code: 'custom', message: `${text} is not REGION=HOST or REGION=HOST:PORT` })
  return z.NEVER
}

function addressIn(text: string, usual = natsPortUsual): Omit<NodeHost, 'node'> | undefined {
  const [, host, portText] = /^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(text) ?? []
  const natsPort = Number(portText ?? usual)
  if (host === undefined || natsPort < 1 || natsPort > portMax) return undefined
  return { host: host.replaceAll(/[[\]]/g, ''), natsPort }
}
