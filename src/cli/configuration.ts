/**
 * Options by flag, environment and file, in this order of precedence, and a default where none of them speaks. Every
 * option is one row here: the command line takes its flag and its help from the row, the environment variable is
 * LONGITUDE_ and the flag's name, the file's key is its name in camel case.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Option } from 'commander'
import type { Command } from 'commander'
import { z } from 'zod'
import { workersMax } from '../core/limits.ts'
import { logLevels } from '../adapters/system/pino-log.ts'
import { accessOptions, adminOptions, apiAccessOptions } from './access-options.ts'
import { cacheOptions, optionsOfCache } from './cache-options.ts'
import { changeOptions, optionsOfChanges } from './change-options.ts'
import { deploymentOptions, nodeTlsOptions } from '../deployment/options.ts'
import { Failure, codeOf, messageOf } from '../process/failure.ts'
import { peers, upstreams } from './addresses.ts'

const words = z.string().transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
const names = z
  .union([z.array(z.string()), words])
  .pipe(z.array(z.string()).min(1, 'at least one region').refine(allDifferent, 'a region twice'))
const port = z.coerce.number('a port from 1 to 65535').int().min(1).max(65_535)
const flag = z.union([z.boolean(), z.stringbool()])
const texts = z.union([z.array(z.string().min(1)), words])

type Row = {
  readonly flags: string
  readonly help: string
  readonly schema: z.ZodType
  readonly default?: unknown
  /** Of commands that have another, by their names. */
  readonly defaultOf?: Readonly<Record<string, unknown>>
  readonly repeatable?: boolean
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
    help: 'endpoint of the first region; the others follow, caches from +50, the front door at +99, NATS servers from +100, the control of the links at +199, links from +200',
    schema: port,
    default: 8000,
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
    help: `least level that is logged: ${logLevels.join(', ')} (default: info; warn for \`up\` in a terminal)`,
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
    help: 'where clients reach another region; named to those who sign for it here (of a cache: requests signed for other regions are refused when any is given)',
    schema: upstreams,
    default: [],
    repeatable: true,
  },
  workers: {
    flags: '--workers <count>',
    help: 'processes of a region: all of them answer reads, one owns the writes; not together with TLS',
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
  timing: {
    flags: '--timing <timing>',
    help: "how long tables, indexes and replicas stay CREATING, UPDATING or DELETING, and how soon a setting may change again: instant, no time; aws, AWS's own",
    schema: z.enum(['instant', 'aws'], 'instant or aws'),
    default: 'instant',
  },
  logFormat: {
    flags: '--log-format <format>',
    help: 'text for people or json for machines; text in a terminal when not given',
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
    help: 'NATS server of this region',
    schema: z.string().min(1),
    default: 'nats://127.0.0.1:4222',
  },
  peer: {
    flags: '--peer <region=url...>',
    help: 'NATS server of another region, as seen from here; once for each; tls:// for one that is not on this machine',
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
    help: 'JSON file with the links to open (docs/links.md)',
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
  ...cacheOptions,
  ...changeOptions,
} as const satisfies Record<string, Row>

export type OptionName = keyof typeof options
export type Values<Names extends OptionName> = { readonly [Name in Names]: z.output<(typeof options)[Name]['schema']> }

/** The options of every command, in the order of its help. */
export const optionsOf = {
  up: [
    'regions',
    'basePort',
    'data',
    'latency',
    'host',
    'frontDoor',
    'frontDoorPort',
    'failover',
    'logLevel',
    'logFormat',
    'natsServer',
    'regionsFolder',
    'credentials',
    ...apiAccessOptions,
    'workers',
    'accountId',
    'globalTables2017',
    'timing',
    ...optionsOfChanges,
    'admitUnsignedPeersUntil',
    'cache',
  ],
  node: [
    'region',
    'host',
    'port',
    'data',
    'nats',
    'peer',
    'peerEndpoint',
    ...nodeTlsOptions,
    'regionsFolder',
    'credentials',
    ...apiAccessOptions,
    'signedFor',
    'workers',
    'accountId',
    'globalTables2017',
    'timing',
    ...optionsOfChanges,
    'clockFile',
    'logLevel',
    'logFormat',
  ],
  cache: optionsOfCache,
  status: ['data', 'regions', 'basePort', 'host', ...adminOptions],
  deployment: ['hosts', 'out', 'installed', 'state', 'certificateDays'],
  secrets: ['regions', 'data', 'natsSecrets', 'messageKeys', 'natsConf', 'natsListen', 'natsStore'],
  natsServer: ['natsServer'],
  drill: ['data', 'latency', 'natsServer', 'regionsFolder', ...adminOptions],
  frontDoor: [
    'upstream',
    'data',
    'regions',
    'basePort',
    'host',
    'frontDoorPort',
    'failover',
    'cors',
    'hostNames',
    'regionsFolder',
    'logLevel',
    'logFormat',
  ],
  vantage: ['upstream', 'data', 'regions', 'basePort', 'host', 'vantagePort', 'regionsFolder', ...adminOptions],
  links: ['data', 'basePort', 'control', ...adminOptions],
  linksRun: [
    'data',
    'plan',
    'link',
    'host',
    'latency',
    'regionsFolder',
    'controlHost',
    'controlPort',
    ...adminOptions,
    'logLevel',
    'logFormat',
  ],
} as const satisfies Readonly<Record<string, readonly OptionName[]>>

/** Adds the options to a command, in this order, and the file that may hold them. */
export function addOptions(command: Command, of: readonly OptionName[]): Command {
  for (const name of of) {
    const row: Row = options[name]
    const option = new Option(row.flags, row.help).env(environmentName(name))
    const usual = usualOf(command, row)
    if (usual !== undefined && usual !== true && !row.repeatable) option.default(usual)
    command.addOption(option)
  }
  return command.addOption(
    new Option('--config <file>', 'JSON file with any of these options, by name in camel case')
      .env('LONGITUDE_CONFIG')
      .default('longitude.json'),
  )
}

/** Throws a Failure that says which option is wrong, and where it was given. */
export function readOptions<Names extends OptionName>(command: Command, of: readonly Names[]): Values<Names> {
  const file = readFile(command)
  const values = of.map((name) => [name, readOption(command, file, name)] as const)
  return Object.fromEntries(values) as Values<Names>
}

function readOption(command: Command, file: ConfigurationFile, name: OptionName): unknown {
  const row: Row = options[name]
  const { value, where } = given(command, file, name)
  const parsed = row.schema.safeParse(value)
  if (parsed.success) return parsed.data
  const wish = parsed.error.issues.map((issue) => issue.message).join('; ')
  if (value === undefined) throw new Failure(`${row.flags} is needed (or ${environmentName(name)})`)
  throw new Failure(`${where} is ${JSON.stringify(value)}: ${wish}`)
}

function given(command: Command, file: ConfigurationFile, name: OptionName): { value: unknown; where: string } {
  const row: Row = options[name]
  // Two commands may have a flag of the same name for different things.
  const attribute = new Option(row.flags).attributeName()
  const source = command.getOptionValueSource(attribute)
  const variable = environmentName(name)
  if (source === 'cli') return { value: command.getOptionValue(attribute), where: row.flags.split(' ')[0] ?? name }
  if (process.env[variable] !== undefined) return { value: process.env[variable], where: variable }
  if (Object.hasOwn(file.values, name)) return { value: file.values[name], where: `"${name}" in ${file.path}` }
  return { value: usualOf(command, row), where: 'the default' }
}

function usualOf(command: Command, row: Row): unknown {
  return row.defaultOf?.[command.name()] ?? row.default
}

type ConfigurationFile = { readonly path: string; readonly values: Readonly<Record<string, unknown>> }

/** A file that was asked for must be there; longitude.json in the current folder is read when it is. */
function readFile(command: Command): ConfigurationFile {
  const path = resolve(String(command.getOptionValue('config')))
  const asked = command.getOptionValueSource('config') !== 'default'
  try {
    const values = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(path, 'utf8')))
    const unknown = Object.keys(values).filter((key) => !Object.hasOwn(options, key))
    if (unknown.length > 0)
      throw new Failure(`${path}: no option ${unknown.join(', ')}; there are ${Object.keys(options).join(', ')}`)
    return { path, values }
  } catch (error) {
    if (error instanceof Failure) throw error
    if (codeOf(error) === 'ENOENT' && !asked) return { path, values: {} }
    throw new Failure(`${path}: ${error instanceof z.ZodError ? 'a JSON object is wanted' : messageOf(error)}`)
  }
}

function environmentName(name: string): string {
  return `LONGITUDE_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

function allDifferent(list: readonly string[]): boolean {
  return new Set(list).size === list.length
}
