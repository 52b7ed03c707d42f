/**
 * Every option is one row here: the command line takes its flag and its help from the row, the environment variable is LONGITUDE_ and the flag's
 * name, the file's key is its name in camel case. configuration.ts reads them.
 */
import { z } from 'zod'
import { workersMax } from '../../core/limits/limits.ts'
import { logLevels } from '../../adapters/system/pino-log.ts'
import { deploymentOptions } from '../../deployment/host-options.ts'
import { deploymentName } from '../../deployment/running-deployments.ts'
import { accessOptions } from './access.ts'
import { peers, upstreams } from './addresses.ts'
import { cacheOptions } from './cache.ts'
import { capacityOptions } from './capacity.ts'
import { changeOptions } from './changes.ts'
import { nodesOptions } from './nodes.ts'
import { observingOptions } from './observing.ts'

const words = z.string().transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
const names = z
  .union([z.array(z.string()), words], 'a list, or a text with commas')
  .pipe(z.array(z.string()).min(1, 'at least one region').refine(allDifferent, 'a region twice'))
const port = z.coerce
  .number('a port from 1 to 65535')
  .int('a port from 1 to 65535')
  .min(1, 'a port from 1 to 65535')
  .max(65_535, 'a port from 1 to 65535')
const flag = z.union([z.boolean(), z.stringbool()], 'true or false')
const texts = z.union([z.array(z.string().min(1)), words], 'a list, or a text with commas')

export type Row = {
  readonly flags: string
  readonly help: string
  readonly schema: z.ZodType
  readonly default?: unknown
  /** Of commands that have another, by their names. */
  readonly defaultOf?: Readonly<Record<string, unknown>>
  readonly repeatable?: boolean
  /** Its value is not repeated in messages. */
  readonly isSecret?: boolean
}

const defaultRegions = ['us-east-1', 'eu-west-1', 'ap-northeast-1']

export const options = {
  regions: {
    flags: '--regions <names>',
    help: 'regions that run, separated by commas, out of those in regions/',
    schema: names,
    default: defaultRegions.join(','),
  },
  basePort: {
    flags: '--base-port <port>',
    help: 'endpoint of the first region; the others follow, caches from +50 and for DAX clients from +111, the front door at +99, NATS servers from +100, the console at +197, the controls of `up` and of the links at +198 and +199, links on what is left of the two hundred ports (`longitude ports` lists them)',
    schema: port,
    default: 8000,
  },
  name: {
    flags: '--name <name>',
    help: 'name of the deployment: `up` gives it (default: after its folder), and commands find it by it from any folder',
    schema: z.string().regex(deploymentName, 'up to 40 small letters, digits and dashes').optional(),
  },
  data: { flags: '--data <folder>', help: 'where everything is kept', schema: z.string().min(1), default: './data' },
  latency: {
    flags: '--no-latency',
    help: 'links without the distances of regions/latency.json (LONGITUDE_LATENCY=false)',
    schema: flag,
    default: true,
  },
  host: {
    flags: '--host <address>',
    help: 'address that the endpoints listen on',
    schema: z.string().min(1),
    default: '127.0.0.1',
  },
  logLevel: {
    flags: '--log-level <level>',
    help: `least level that is logged: ${logLevels.join(', ')} (default: info; warn for \`up\` with a log in text)`,
    schema: z.enum(logLevels).optional(),
  },
  natsServer: {
    flags: '--nats-server <path>',
    help: 'the nats-server to run, 2.10.23 or newer; found or fetched when not given',
    schema: z.string().min(1).optional(),
  },
  regionsFolder: {
    flags: '--regions-folder <folder>',
    help: 'where the regions are described; watched while the node runs (default: regions/ of this program)',
    schema: z.string().min(1).optional(),
  },
  credentials: {
    flags: '--credentials <file>',
    help: 'access keys and secrets (JSON): signatures are verified by them; any credentials are accepted when not given',
    schema: z.string().min(1).optional(),
  },
  signedFor: {
    flags: '--signed-for <regions>',
    help: 'regions beside its own that a signature may be for: those whose requests a front door with failover may bring',
    // An empty variable, as Compose passes on one that is not set, is none.
    schema: z.union([z.literal('').transform(() => undefined), names]).optional(),
  },
  peerEndpoint: {
    flags: '--peer-endpoint <region=url...>',
    help: 'where clients reach another region; named to those who sign for it here (of a cache: requests signed for other regions are refused when any is given; of the console: shown instead of where it asks the region itself)',
    schema: upstreams,
    default: [],
    repeatable: true,
  },
  nodes: {
    flags: '--nodes <count>',
    help: 'nodes of each region, 1 or 3: of three, any one may be lost without losing a write (docs/operating/nodes.md)',
    schema: z.coerce
      .number('1 or 3')
      .int()
      .refine((count) => count === 1 || count === 3, '1 or 3'),
    default: 1,
  },
  nodeEndpoint: {
    flags: '--node-endpoint <node=url...>',
    help: 'endpoint of a node of the region; once for each',
    schema: upstreams,
    default: [],
    repeatable: true,
  },
  workers: {
    flags: '--workers <count>',
    help: 'processes of a region: all of them answer reads, one owns the writes',
    schema: z.coerce.number('a number of processes').int().min(1).max(workersMax),
    default: 1,
  },
  accountId: {
    flags: '--account-id <digits>',
    help: 'account number in ARNs',
    schema: z.string().regex(/^\d{12}$/, 'twelve digits'),
    default: '000000000000',
  },
  globalTables2017: {
    flags: '--global-tables-2017 <answer>',
    help: 'refuse, as AWS does today, or serve CreateGlobalTable and the other operations of version 2017.11.29',
    schema: z.enum(['refuse', 'serve']),
    default: 'refuse',
  },
  mrscConflicts: {
    flags: '--mrsc-conflicts <answer>',
    help: 'refuse, as AWS does, a write that did not know of another region’s write of its item, in tables with strong consistency; or off',
    schema: z.enum(['refuse', 'off'], 'refuse or off'),
    default: 'refuse',
  },
  timing: {
    flags: '--timing <timing>',
    help: "how long tables, indexes and replicas stay CREATING, UPDATING or DELETING, and how soon a setting may change again: instant, no time; aws, AWS's own",
    schema: z.enum(['instant', 'aws'], 'instant or aws'),
    default: 'instant',
  },
  ...capacityOptions,
  logFormat: {
    flags: '--log-format <format>',
    help: 'text for people or json for machines (default: text; json with --json)',
    schema: z.enum(['text', 'json']).optional(),
  },
  clockFile: {
    flags: '--clock-file <file>',
    help: 'for drills: by how much this node’s wall clock is wrong, and until when; looked at while the node runs',
    schema: z.string().min(1).optional(),
  },
  region: {
    flags: '--region <name>',
    help: 'the region that this node is, or that the cache is before',
    schema: z.string().min(1),
  },
  port: {
    flags: '--port <port>',
    help: 'port of the endpoint (of a cache, 8050 when not given)',
    schema: port,
    default: 8000,
    defaultOf: { cache: 8050 },
  },
  nats: {
    flags: '--nats <url>',
    help: 'NATS server of this region; of `cache`: URL,URL,URL where the region has several nodes',
    schema: z.string().min(1),
    default: 'nats://127.0.0.1:4222',
  },
  peer: {
    flags: '--peer <region=url...>',
    help: 'NATS server of another region, as seen from here; once for each region; tls:// for one that is not on this machine; REGION=URL,URL,URL where it has several nodes',
    schema: peers,
    default: [],
    repeatable: true,
  },
  frontDoor: {
    flags: '--no-front-door',
    help: 'without the one endpoint that leads to every region (LONGITUDE_FRONT_DOOR=false)',
    schema: flag,
    default: true,
  },
  frontDoorPort: {
    flags: '--front-door-port <port>',
    help: 'port of the front door (default: base port + 99)',
    schema: port.optional(),
  },
  console: {
    flags: '--no-console',
    help: 'without the page that shows the deployment (LONGITUDE_CONSOLE=false)',
    schema: flag,
    default: true,
  },
  consolePort: {
    flags: '--console-port <port>',
    help: 'port of the console (default: base port + 197)',
    schema: port.optional(),
  },
  consoleHost: {
    flags: '--console-host <address>',
    help: 'address that the console listens on; another than the loopback in a container only',
    schema: z.string().min(1),
    default: '127.0.0.1',
  },
  failover: {
    flags: '--failover <how>',
    help: 'where the front door leads while a region is not healthy: nearest, the nearest that is; none, nowhere',
    schema: z.enum(['nearest', 'none'], 'nearest or none'),
    default: 'none',
  },
  upstream: {
    flags: '--upstream <region=url...>',
    help: 'endpoint of a region, as seen from here; once for each (default: those of the data folder)',
    schema: upstreams,
    default: [],
    repeatable: true,
  },
  vantagePort: {
    flags: '--vantage-port <port>',
    help: 'first of the local ports, one for each region; their control is at +99 (default: base port + 800)',
    schema: port.optional(),
  },
  plan: {
    flags: '--plan <file>',
    help: 'JSON file with the links to open (docs/operating/links.md)',
    schema: z.string().min(1).optional(),
  },
  link: {
    flags: '--link <from..to=port:host:port...>',
    help: 'a link to open: where it listens and where it leads; once for each',
    schema: texts,
    default: [],
    repeatable: true,
  },
  control: {
    flags: '--control <url...>',
    help: 'control of the links, such as http://127.0.0.1:8199; once for each process (default: that of the data folder)',
    schema: texts,
    default: [],
    repeatable: true,
  },
  controlHost: {
    flags: '--control-host <address>',
    help: "address that the links' control listens on",
    schema: z.string().min(1),
    default: '127.0.0.1',
  },
  controlPort: {
    flags: '--control-port <port>',
    help: "port of the links' control",
    schema: port,
    default: 8199,
  },
  ...accessOptions,
  ...deploymentOptions,
  ...nodesOptions,
  ...cacheOptions,
  ...changeOptions,
  ...observingOptions,
} as const satisfies Record<string, Row>

export type OptionName = keyof typeof options
export type Values<Names extends OptionName> = { readonly [Name in Names]: z.output<(typeof options)[Name]['schema']> }

function allDifferent(list: readonly string[]): boolean {
  return new Set(list).size === list.length
}
