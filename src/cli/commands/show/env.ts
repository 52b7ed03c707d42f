/**
 * `longitude env tokyo`: what a shell must set so that AWS SDKs and the aws CLI use a region, or the front door. Where any credentials are accepted it sets dummies. Where signatures are
 * verified it sets a secret only when it is told to, since it goes to the output.
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { servicesOf } from '../../../deployment/data-folder.ts'
import { layOut } from '../../../deployment/layout.ts'
import type { RunningDeployment } from '../../../deployment/running-deployments.ts'
import { endpointsAsked } from '../../../deployment/endpoints.ts'
import { type RegionEntry, readRegions } from '../../../deployment/regions.ts'
import { keysIn } from '../../../deployment/secrets/identities/watched-access.ts'
import { localTlsIn, tlsFolderName } from '../../../deployment/secrets/certificates/local-authority.ts'
import { Failure } from '../../../process/failure.ts'
import { meantBy, readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'

type Variables = Readonly<Record<string, string>>
type Settings = {
  readonly set: Variables
  readonly unset: readonly string[]
  /** For the person who reads it. */
  readonly note?: string
}
type Flags = { readonly shell?: string; readonly withSecret?: true | string }

export async function runEnv(command: Command, json: boolean): Promise<void> {
  const { shell, withSecret } = command.opts<Flags>()
  const print = printerOf(shell ?? usualShell(process.env))
  const options = readOptionsFound(command, optionsOf.status)
  const deployment = meantBy(command, optionsOf.status)
  const endpoints = endpointsAsked(options)
  const at = placeOf(command.args[0], {
    endpoints,
    frontDoor: options.byPorts ? undefined : servicesOf(resolve(options.data))['frontDoor'],
    known: readRegions(deployment?.regionsFolder).all,
  })
  const { set, unset, note } = credentialsOf(deployment ?? {}, withSecret)
  const endpoint = { AWS_ENDPOINT_URL_DYNAMODB: at.url, AWS_ENDPOINT_URL_DYNAMODB_STREAMS: at.url }
  const dax = deployment === undefined ? {} : daxOf(deployment, at.region)
  const all = {
    ...endpoint,
    ...dax,
    ...authorityOf(deployment),
    AWS_REGION: at.region,
    AWS_DEFAULT_REGION: at.region,
    ...set,
  }
  if (json) console.log(JSON.stringify({ variables: all, unset, ...(note === undefined ? {} : { note }) }))
  else console.log(print({ set: all, unset: unset.filter((name) => process.env[name] !== undefined) }))
  if (note !== undefined && !json) console.error(`longitude: ${note}`)
  await Promise.resolve()
}

/** What the certificates of the deployment are known by: the first is for the aws CLI and most SDKs, the second for Node. */
function authorityOf(running: RunningDeployment | undefined): Variables {
  if (running?.tls !== true) return {}
  const own = localTlsIn(join(running.data, tlsFolderName)).ca
  const path = running.tlsCa ?? (existsSync(own) ? own : undefined)
  return path === undefined ? {} : { AWS_CA_BUNDLE: path, NODE_EXTRA_CA_CERTS: path }
}

/** No SDK reads it: a program that makes a DAX client does. */
function daxOf(running: RunningDeployment, region: string): Variables {
  const { regions } = layOut({ ...running, latency: false }, readRegions(running.regionsFolder))
  const url = regions.find(({ name }) => name === region)?.cache?.dax.url
  return url === undefined ? {} : { DAX_ENDPOINT: url }
}

type Places = {
  readonly endpoints: Variables
  readonly frontDoor: string | undefined
  readonly known: readonly RegionEntry[]
}

/** A region by its name or its city; without either the front door, else the first region. */
export function placeOf(asked: string | undefined, { endpoints, frontDoor, known }: Places) {
  const names = Object.keys(endpoints)
  const [first] = names
  if (first === undefined) throw new Failure('the deployment has no regions')
  if (asked === undefined) return { region: first, url: frontDoor ?? endpoints[first] ?? '' }
  const cityOf = (name: string): string => known.find((region) => region.name === name)?.city ?? ''
  const region = names.find((name) => [name, cityOf(name)].some((each) => plain(each) === plain(asked)))
  const url = region === undefined ? undefined : endpoints[region]
  if (region !== undefined && url !== undefined) return { region, url }
  const there = names.map((name) => [name, ...(cityOf(name) === '' ? [] : [`(${cityOf(name)})`])].join(' '))
  throw new Failure(`no region or city ${asked} runs here; there are ${there.join(', ')}`)
}

/** As people type it: São Paulo is sao-paulo, N. Virginia is virginia. */
function plain(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/^n\. /, '')
    .replaceAll(/[^a-z0-9]+/g, '')
}

/** A session token or a profile of the real AWS would be taken beside dummies, or instead of them. */
const contrary = ['AWS_SESSION_TOKEN', 'AWS_PROFILE']

type KeyFiles = { readonly credentials?: string | undefined; readonly identities?: string | undefined }

function credentialsOf({ credentials: file, identities }: KeyFiles, withSecret: Flags['withSecret']): Settings {
  const path = file ?? identities
  if (path === undefined) {
    if (withSecret !== undefined) throw new Failure('this deployment has no file of credentials: it accepts any')
    return { set: { AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' }, unset: contrary }
  }
  if (withSecret === undefined) {
    const note = `signatures are verified here: use a key of ${path}, or let --with-secret print one`
    return { set: {}, unset: [], note }
  }
  const credentials = keysIn({ credentials: file, identities })
  const key = withSecret === true ? [...credentials.values()][0] : credentials.get(withSecret)
  if (key === undefined) throw new Failure(`${path} has no access key${withSecret === true ? '' : ` ${withSecret}`}`)
  const session = key.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: key.sessionToken }
  return {
    set: { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey, ...session },
    unset: contrary.filter((name) => !(name in session)),
  }
}

type Print = (settings: Settings) => string

const shells: Readonly<Record<string, Print>> = {
  sh: ({ set, unset }) =>
    [...lines(set, (name, value) => `export ${name}=${shQuoted(value)}`), ...unset.map((name) => `unset ${name}`)].join(
      '\n',
    ),
  fish: ({ set, unset }) =>
    [
      ...lines(set, (name, value) => `set -gx ${name} ${fishQuoted(value)}`),
      ...unset.map((name) => `set -e ${name}`),
    ].join('\n'),
  powershell: ({ set, unset }) =>
    [
      ...lines(set, (name, value) => `$env:${name} = '${value.replaceAll("'", "''")}'`),
      ...unset.map((name) => `Remove-Item Env:${name}`),
    ].join('\n'),
}

export function printerOf(shell: string): Print {
  const print = Object.hasOwn(shells, shell) ? shells[shell] : undefined
  if (print === undefined) throw new Failure(`--shell is "${shell}": ${Object.keys(shells).join(', ')} are known`)
  return print
}

function usualShell({ SHELL: shell = '' }: NodeJS.ProcessEnv): string {
  if (shell.endsWith('/fish')) return 'fish'
  return shell === '' && process.platform === 'win32' ? 'powershell' : 'sh'
}

function lines(set: Variables, line: (name: string, value: string) => string): readonly string[] {
  return Object.entries(set).map(([name, value]) => line(name, value))
}

/** As it is where no shell could misread it. */
function shQuoted(value: string): string {
  return /^[\w:/.-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`
}

function fishQuoted(value: string): string {
  return /^[\w:/.-]+$/.test(value) ? value : `'${value.replaceAll(/[\\']/g, String.raw`\$&`)}'`
}
