/** `longitude secrets`: the secrets of regions at NATS servers and the keys of their messages, made or rotated. A deployment that runs takes them up by itself. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { readOptions } from '../../configuration.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { keepLocalTls, localHosts, tlsFolderName } from '../../../deployment/secrets/certificates/local-authority.ts'
import { makeKeyring, rotateKeyring } from '../../../deployment/secrets/keys/keyring-file.ts'
import { accountLines } from '../../../deployment/secrets/nats/nats-accounts.ts'
import { Failure } from '../../../process/failure.ts'
import {
  makeMessageKeys,
  messageKeyPath,
  messageKeysName,
  rotateMessageKeys,
} from '../../../deployment/secrets/keys/message-keys.ts'
import {
  identitiesOf,
  makeNatsSecrets,
  natsSecretsName,
  regionsWithSecrets,
  rotateNatsSecrets,
  seedPath,
} from '../../../deployment/secrets/nats/nats-secrets.ts'
import {
  formerInOnePlaceMs,
  makeNodesSecrets,
  nodeSecretName,
  regionNodesOf,
  rotateNodeSecret,
  rotateNodesSecrets,
} from '../../../deployment/secrets/nats/nodes-secrets.ts'
import { natsSettings } from '../../../nats-server/nats-settings.ts'
import { writeConfiguration } from '../../../supervisor/nats/nats-process.ts'
import { tableText } from '../../../process/table-text.ts'
import { writeQuorumFiles } from './quorum-files.ts'

type Paths = { readonly region: string; readonly node: string; readonly cache: string; readonly conf?: string }
type AllPaths = Paths & { readonly messages: string }

/** Prints paths, and nothing of what is in them. */
export async function runSecrets(command: Command, json: boolean): Promise<void> {
  const { rotate } = command.opts<{ rotate?: true | readonly string[] }>()
  // New secrets are for regions that run or have run; a new folder is where the options say.
  const options = (rotate === undefined ? readOptions : readOptionsFound)(command, optionsOf.secrets)
  const folder = resolve(options.natsSecrets ?? join(options.data, natsSecretsName))
  const regions = rotate === undefined ? options.regions : rotated(folder, rotate)
  for (const region of regions) requireName(region)
  const keys = resolve(options.messageKeys ?? join(options.data, messageKeysName))
  if (rotate === undefined) {
    makeNatsSecrets(folder, regions)
    makeMessageKeys(keys, regions)
  } else {
    rotateNatsSecrets(folder, regions)
    rotateMessageKeys(keys, regions)
  }
  if (options.keyring !== undefined) keyringAt(options.keyring, rotate !== undefined)
  if (options.tls) await certificate(options)
  if (options.natsConf !== undefined) writeConfigurations(folder, options.natsConf, options)
  await writeQuorum(options, folder, rotate !== undefined)
  await makeNodes(options, rotate !== undefined)
  if (rotate !== undefined) rotateNodesOfUp(resolve(options.data), regions)
  const paths = regions.map((region) => ({
    ...pathsOf(folder, region, options.natsConf),
    messages: messageKeyPath(keys, region),
  }))
  console.log(json ? JSON.stringify({ folder, keys, rotated: rotate !== undefined, regions: paths }) : textOf(paths))
}

/** As `up` makes it, for programs that other ones start. */
async function certificate({ data, hostNames }: { readonly data: string; readonly hostNames: readonly string[] }) {
  await keepLocalTls(join(resolve(data), tlsFolderName), localHosts({ host: '127.0.0.1', hostNames }))
}

type Quorum = {
  readonly regions: readonly string[]
  readonly quorumConf?: string | undefined
  readonly quorumRoute: readonly string[]
}

async function writeQuorum(options: Quorum, natsSecrets: string, isRotation: boolean): Promise<void> {
  const { regions, quorumConf: folder, quorumRoute: routes } = options
  if (folder !== undefined) await writeQuorumFiles({ folder, routes, regions, natsSecrets, isRotation })
}

type Nodes = { readonly nodesSecrets?: string | undefined; readonly nodeHosts: readonly string[] }

async function makeNodes({ nodesSecrets: folder, nodeHosts }: Nodes, isRotation: boolean): Promise<void> {
  if (folder === undefined) return
  const all = nodeHosts.map(regionNodesOf)
  for (const nodes of all) await makeNodesSecrets(resolve(folder), nodes)
  if (isRotation) await rotateNodesSecrets(resolve(folder), all)
}

/** `longitude up --nodes` keeps that of a region's nodes in the region's folder. */
function rotateNodesOfUp(data: string, regions: readonly string[]): void {
  for (const path of regions.map((region) => join(data, region, nodeSecretName)))
    if (existsSync(path)) rotateNodeSecret(path, formerInOnePlaceMs)
}

function keyringAt(path: string, isRotation: boolean): void {
  if (isRotation) rotateKeyring(path)
  else makeKeyring(path)
}

function rotated(folder: string, asked: true | readonly string[]): readonly string[] {
  const known = regionsWithSecrets(folder)
  if (known.length === 0) throw new Failure(`${folder} has no secrets yet: start the regions, or leave --rotate out`)
  const unknown = asked === true ? [] : asked.filter((region) => !known.includes(region))
  if (unknown.length > 0) throw new Failure(`${folder} has no secrets of ${unknown.join(', ')}`)
  return asked === true ? known : asked
}

function requireName(region: string): void {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(region)) throw new Failure(`"${region}" is no name of a region`)
}

type Conf = { readonly regions: readonly string[]; readonly natsListen: string; readonly natsStore: string }

/** Every region of --regions: a region more, or one with new secrets, is news to all of them. */
function writeConfigurations(
  folder: string,
  to: string,
  { regions, natsListen: listen, natsStore: store }: Conf,
): void {
  for (const name of regions) {
    const accounts = accountLines(name, identitiesOf(folder, name))
    const settings = natsSettings({ name, listen, store })
    writeConfiguration(confPath(to, name), [...settings, ...accounts], 0o644)
  }
}

function pathsOf(folder: string, region: string, conf: string | undefined): Paths {
  return {
    region,
    node: seedPath(folder, region, 'node'),
    cache: seedPath(folder, region, 'cache'),
    ...(conf === undefined ? {} : { conf: confPath(conf, region) }),
  }
}

function confPath(folder: string, region: string): string {
  return join(resolve(folder), `${region}.conf`)
}

function textOf(paths: readonly AllPaths[]): string {
  return tableText(
    ['REGION', 'NKEY OF THE NODE', 'NKEY OF ITS CACHES', 'KEY OF ITS MESSAGES', 'NATS SERVER'],
    paths.map(({ region, node, cache, messages, conf }) => [region, node, cache, messages, conf ?? '–']),
  )
}
