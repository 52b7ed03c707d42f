/**
 * `longitude diagnose`: one archive for those who are asked for help: status, configuration, versions, the last lines of the log, metrics. Every secret of the deployment is taken out of every
 * file of it. What cannot be had is named in it, so that it is of use above all when little runs.
 */
import { chmodSync, writeFileSync } from 'node:fs'
import { cpus, freemem, release, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { diagnosisFileCharsMax } from '../../../core/limits/deployment-limits.ts'
import { layOut, portsOf } from '../../../deployment/layout.ts'
import { readRegions } from '../../../deployment/regions.ts'
import type { RunningDeployment } from '../../../deployment/running-deployments.ts'
import { endpointsAsked } from '../../../deployment/endpoints.ts'
import { adminTokenName, foundToken } from '../../../deployment/secrets/admin-token.ts'
import { localTlsIn, tlsFolderName } from '../../../deployment/secrets/certificates/local-authority.ts'
import { messageKeysName } from '../../../deployment/secrets/keys/message-keys.ts'
import { natsSecretsName } from '../../../deployment/secrets/nats/nats-secrets.ts'
import { secretsIn, withoutSecrets } from '../../../deployment/secrets/redact.ts'
import { LinksControl } from '../../../links/control/links-client.ts'
import { type ArchivedFile, archiveOf } from '../../../process/files/archive.ts'
import { exchange } from '../../../process/requests/exchange.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { controlOf } from '../../../supervisor/control/supervisor-client.ts'
import { settingsOf } from '../../configuration.ts'
import { meantBy, readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { version } from '../../version.ts'
import { statusOfRegions } from './status.ts'
import { statusText } from './status-text.ts'

const answerMsMax = 5000

type Options = ReturnType<typeof readOptionsFound<(typeof optionsOf.status)[number]>>
/** A file of the archive; rejects with why it cannot be had. */
type Part = { readonly name: string; readonly text: () => Promise<string> }

export async function runDiagnose(command: Command, json: boolean): Promise<void> {
  const options = readOptionsFound(command, optionsOf.status)
  const deployment = meantBy(command, optionsOf.status)
  const now = new Date()
  const name = `longitude-diagnosis-${now.toISOString().slice(0, 19).replaceAll(':', '-')}`
  const path = resolve(command.opts<{ out?: string }>().out ?? `${name}.tar.gz`)
  const { files, missing } = await gathered([
    { name: 'versions.json', text: async () => await Promise.resolve(jsonText(versions(now))) },
    {
      name: 'configuration.json',
      text: async () => await Promise.resolve(jsonText(configuration(command, deployment))),
    },
    ...statusParts(command),
    ...metricsParts(options, deployment),
    ...supervisorParts(options),
  ])
  const secrets = secretsOf(options, deployment)
  const problems = { name: 'missing.txt', text: missing.map((line) => `${line}\n`).join('') }
  const clean = [...files, problems].map((file) => ({
    name: `${name}/${file.name}`,
    text: withoutSecrets(file.text, secrets).slice(-diagnosisFileCharsMax),
  }))
  write(path, archiveOf(clean, now))
  const told = missing.map((line) => withoutSecrets(line, secrets))
  if (json) console.log(JSON.stringify({ path, files: files.map((file) => file.name), missing: told }))
  else
    console.log(
      [`${path} has ${files.map((file) => file.name).join(', ')}`, ...told.map((line) => `  without ${line}`)].join(
        '\n',
      ),
    )
}

async function gathered(
  parts: readonly Part[],
): Promise<{ readonly files: readonly ArchivedFile[]; readonly missing: readonly string[] }> {
  const done = await Promise.all(
    parts.map(async ({ name, text }) => {
      try {
        return { file: { name, text: await text() } }
      } catch (error) {
        return { missing: `${name}: ${messageOf(error)}` }
      }
    }),
  )
  return {
    files: done.flatMap(({ file }) => (file === undefined ? [] : [file])),
    missing: done.flatMap(({ missing }) => missing ?? []),
  }
}

function versions(now: Date): object {
  return {
    at: now.toISOString(),
    longitude: version,
    node: process.version,
    platform: `${process.platform} ${process.arch} ${release()}`,
    cpus: cpus().length,
    memoryBytes: { total: totalmem(), free: freemem() },
  }
}

function configuration(command: Command, deployment: RunningDeployment | undefined): object {
  const settings = settingsOf(command)
  if (deployment === undefined) return { settings }
  const layout = layOut({ ...deployment, latency: false }, readRegions(deployment.regionsFolder))
  return { settings, deployment, ports: portsOf(layout) }
}

function statusParts(command: Command): readonly Part[] {
  const status = statusOfRegions(command)
  // Each part of it waits for it, and says what became of it.
  status.catch(() => undefined)
  return [
    { name: 'status.json', text: async () => jsonText(await status) },
    {
      name: 'status.txt',
      text: async () => `${statusText(await status)}\n`,
    },
  ]
}

function metricsParts(options: Options, deployment: RunningDeployment | undefined): readonly Part[] {
  const nodes = Object.entries(endpointsAsked(options))
  const layout =
    deployment === undefined
      ? undefined
      : layOut({ ...deployment, latency: false }, readRegions(deployment.regionsFolder))
  const caches = (layout?.regions ?? []).flatMap(({ name, cache }) =>
    cache === undefined ? [] : [[`cache-${name}`, cache.endpoint] as const],
  )
  return [...nodes, ...caches].map(([name, endpoint]) => ({
    name: `metrics/${name}.txt`,
    text: async () => (await exchange(`${endpoint}/metrics`, { timeoutMs: answerMsMax })).text,
  }))
}

/** What only the process of `longitude up` knows. */
function supervisorParts(options: Options): readonly Part[] {
  const control = () => {
    const found = controlOf({ ...options, data: resolve(options.data) })
    if (found === undefined) throw new Failure(`no \`longitude up\` runs on ${resolve(options.data)}`)
    return found
  }
  return [
    { name: 'logs/up.log', text: async () => (await control().diagnosis()).lines.map((line) => `${line}\n`).join('') },
    {
      name: 'up.json',
      text: async () => {
        const { lines: _, ...rest } = await control().diagnosis()
        return jsonText({ ...rest, states: await control().states() })
      },
    },
    {
      name: 'links.json',
      text: async () => {
        const urls = [control().links]
        return jsonText(await new LinksControl({ urls, token: foundToken(options) }).list())
      },
    },
  ]
}

function secretsOf(
  { data, adminToken, adminTokenFile }: Options,
  deployment: RunningDeployment | undefined,
): readonly string[] {
  const folder = resolve(data)
  const { authorityKey, key } = localTlsIn(join(folder, tlsFolderName))
  const own = [adminTokenName, natsSecretsName, messageKeysName].map((name) => join(folder, name))
  const { env } = process
  const named = [
    'LONGITUDE_ADMIN_TOKEN_FILE',
    'LONGITUDE_NATS_NKEY',
    'LONGITUDE_MESSAGE_KEYS',
    'LONGITUDE_NATS_SECRETS',
  ]
  return secretsIn({
    files: [...own, authorityKey, key, adminTokenFile, ...named.map((name) => env[name])].flatMap((path) => path ?? []),
    json: [
      deployment?.credentials,
      deployment?.identities,
      env['LONGITUDE_CREDENTIALS'],
      env['LONGITUDE_IDENTITIES'],
    ].flatMap((path) => path ?? []),
    values: [adminToken, env['LONGITUDE_ADMIN_TOKEN'], env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN']],
  })
}

function write(path: string, bytes: Buffer): void {
  try {
    writeFileSync(path, bytes, { mode: 0o600 })
    chmodSync(path, 0o600)
  } catch (error) {
    throw new Failure(`${path} cannot be written: ${messageOf(error)}; --out names another place`)
  }
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
