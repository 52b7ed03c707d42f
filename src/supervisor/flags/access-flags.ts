/** What the programs of a deployment are told of who may speak to them. */
import { resolve } from 'node:path'
import { type PrivateOptions, privateIdOf, privatePlaceOf } from '../../node/private-port.ts'
import { Failure } from '../../process/failure.ts'
import type { MemberPlan } from '../children/members.ts'
import type { VisitorOptions } from '../../http/access/visitors.ts'

/** Files are told by absolute paths, since the children need not be where we are. */
export function accessFlags({ credentials, identities }: AccessFiles): Readonly<Record<string, string>> {
  return {
    ...(credentials === undefined ? {} : { credentials: resolve(credentials) }),
    ...(identities === undefined ? {} : { identities: resolve(identities) }),
  }
}

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

/** Of what asks policies. */
export function policyFlags({ access = 'off', ...files }: PolicyOptions): Readonly<Record<string, string>> {
  return { ...accessFlags(files), ...(access === 'off' ? {} : { access }) }
}

type PolicyOptions = AccessFiles & { readonly access?: string | undefined }

/** Of a node: what policies decide, and its private listener. */
export function nodeAccessFlags(
  options: PolicyOptions & PrivateOptions,
  { name, of }: MemberPlan,
): Readonly<Record<string, string>> {
  return { ...policyFlags(options), ...privateFlags(options, name, of?.node.name) }
}

/** Those of the nodes of a region have one name, and are reached through its balancer. */
function privateFlags(options: PrivateOptions, region: string, node: string | undefined) {
  const at = privatePlaceIn(options, region)
  if (at === undefined) return {}
  const { privatePolicy: policy, privateId } = options
  const id = privateId ?? (node === undefined ? undefined : privateIdOf(region, at))
  return {
    'private-listen': node === undefined ? at : privatePlaceOf(at, node),
    ...(policy === undefined ? {} : { 'private-policy': resolve(policy) }),
    ...(id === undefined ? {} : { 'private-id': id }),
  }
}

/** Each region has a private listener of its own. Throws a Failure where REGION does not tell them apart. */
export function privatePlaceIn({ privateListen: at }: PrivateOptions, region: string): string | undefined {
  if (at === undefined) return undefined
  if (!at.startsWith('unix:') || !at.includes('REGION'))
    throw new Failure(
      `--private-listen ${at}: \`up\` takes unix:PATH with REGION in it, as each region has a socket of its own`,
    )
  return `unix:${resolve(at.slice('unix:'.length)).replaceAll('REGION', region)}`
}

/** A switch has no value. */
export const openFlags = ({ anyCredentials }: AccessFiles): readonly string[] =>
  anyCredentials === true ? ['--any-credentials'] : []

export function visitorFlags({ cors, hostNames }: VisitorOptions): Readonly<Record<string, string>> {
  return {
    ...(cors === undefined || cors.length === 0 ? {} : { cors: cors.join() }),
    ...(hostNames === undefined || hostNames.length === 0 ? {} : { 'host-names': hostNames.join() }),
  }
}
