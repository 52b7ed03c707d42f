/** The certificates of `longitude up --tls`: of the deployment's own authority, or the operator's. */
import { readFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { join, resolve } from 'node:path'
import { keepLocalTls, localHosts, tlsFolderName } from '../../../deployment/secrets/certificates/local-authority.ts'
import { endpointTls, FollowedCertificate } from '../../../deployment/secrets/certificates/served-certificate.ts'
import type { PortCertificate } from '../../../http/secure.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { trustAuthority } from '../../../process/requests/trust.ts'
import type { DeploymentTls } from '../../../supervisor/flags/tls-flags.ts'

export type TlsOptions = {
  readonly tls?: boolean
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
  readonly tlsCa?: string | undefined
}

type Options = TlsOptions & { readonly host: string; readonly hostNames?: readonly string[] }
type Shown = DeploymentTls & { readonly shown: PortCertificate }

export const speaksTls = ({ tls = false, tlsCert, tlsKey }: TlsOptions): boolean =>
  tls || tlsCert !== undefined || tlsKey !== undefined

/** Makes what is missing. Rejects with a Failure that says which file cannot be used, and why. */
export async function deploymentTls(
  options: Options,
  data: string,
  tell: (line: string) => void,
): Promise<Shown | undefined> {
  if (!speaksTls(options)) return undefined
  const made = ownTls(options) ?? (await localTls(options, data, tell))
  if (made.ca !== undefined) trustAuthority(made.ca)
  return made
}

function ownTls({ tlsCert, tlsKey, tlsCa }: Options): Shown | undefined {
  const shown = endpointTls({ tlsCert, tlsKey })
  if (shown === undefined) return undefined
  const { certFile, keyFile } = shown.files
  if (new X509Certificate(readFileSync(certFile)).checkIP('127.0.0.1') === undefined)
    throw new Failure(
      `--tls-cert ${certFile} does not name 127.0.0.1, by which the programs of the deployment reach each other: \`mkcert localhost 127.0.0.1\` makes one that does`,
    )
  const ca = tlsCa === undefined ? {} : { ca: resolve(tlsCa) }
  return { cert: resolve(certFile), key: resolve(keyFile), ...ca, shown }
}

async function localTls(options: Options, data: string, tell: (line: string) => void): Promise<Shown> {
  const folder = join(data, tlsFolderName)
  const hosts = localHosts(options)
  const made = await keepLocalTls(folder, hosts)
  const keep = (): void => {
    keepLocalTls(folder, hosts).catch((error: unknown) => tell(`certificates are not renewed: ${messageOf(error)}`))
  }
  return { ...made, keep, shown: new FollowedCertificate({ certFile: made.cert, keyFile: made.key }) }
}
