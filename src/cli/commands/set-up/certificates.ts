/** `longitude certificates`: what the deployment's own authority has signed, and new ones. A deployment that runs takes them up by itself, and keeps its connections. */
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import {
  type LocalCertificate,
  localCertificates,
  renewLocalTls,
  rotateLocalTls,
  tlsFolderName,
} from '../../../deployment/secrets/certificates/local-authority.ts'
import { tableText } from '../../../process/table-text.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'

/** Prints names, ends and paths, and nothing of what is in the keys. */
export async function runCertificates(command: Command, json: boolean): Promise<void> {
  const { renew = false, rotate = false } = command.opts<{ renew?: boolean; rotate?: boolean }>()
  const { data } = readOptionsFound(command, optionsOf.certificates)
  const folder = join(resolve(data), tlsFolderName)
  if (rotate) await rotateLocalTls(folder)
  else if (renew) await renewLocalTls(folder)
  const certificates = localCertificates(folder)
  console.log(json ? JSON.stringify({ folder, certificates }) : textOf(certificates))
}

function textOf(certificates: readonly LocalCertificate[]): string {
  return tableText(
    ['CERTIFICATE', 'GOOD UNTIL', 'FOR', 'FILE'],
    certificates.map(({ what, end, hosts, path }) => [what, end.toISOString().slice(0, 10), hosts || '–', path]),
  )
}
