/** What the programs of a deployment are told of who may speak to them. */
import { resolve } from 'node:path'
import type { VisitorOptions } from '../http/access/visitors.ts'

/** Files are told by absolute paths, since the children need not be where we are. */
export function accessFlags({ credentials, identities }: AccessFiles): Readonly<Record<string, string>> {
  return {
    ...(credentials === undefined ? {} : { credentials: resolve(credentials) }),
    ...(identities === undefined ? {} : { identities: resolve(identities) }),
  }
}

/** Of what asks policies. */
export function policyFlags({ access = 'off', ...files }: PolicyOptions): Readonly<Record<string, string>> {
  return { ...accessFlags(files), ...(access === 'off' ? {} : { access }) }
}

type PolicyOptions = AccessFiles & { readonly access?: string | undefined }

type AccessFiles = {
  readonly credentials?: string | undefined
  readonly identities?: string | undefined
  readonly anyCredentials?: boolean | undefined
}

/** Each region has an audit log of its own: REGION in its name is the region. */
export function auditFlags({ auditLog, auditData }: AuditOptions, region: string): readonly string[] {
  if (auditLog === undefined) return []
  const path = auditLog.includes('REGION') ? auditLog.replaceAll('REGION', region) : `${auditLog}.${region}`
  return [`--audit-log=${resolve(path)}`, ...(auditData === true ? ['--audit-data'] : [])]
}

type AuditOptions = { readonly auditLog?: string | undefined; readonly auditData?: boolean | undefined }

/** A switch has no value. */
export const openFlags = ({ anyCredentials }: AccessFiles): readonly string[] =>
  anyCredentials === true ? ['--any-credentials'] : []

export function visitorFlags({ cors, hostNames }: VisitorOptions): Readonly<Record<string, string>> {
  return {
    ...(cors === undefined || cors.length === 0 ? {} : { cors: cors.join() }),
    ...(hostNames === undefined || hostNames.length === 0 ? {} : { 'host-names': hostNames.join() }),
  }
}
