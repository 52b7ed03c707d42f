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

type AccessFiles = { readonly credentials?: string | undefined; readonly identities?: string | undefined }

export function visitorFlags({ cors, hostNames }: VisitorOptions): Readonly<Record<string, string>> {
  return {
    ...(cors === undefined || cors.length === 0 ? {} : { cors: cors.join() }),
    ...(hostNames === undefined || hostNames.length === 0 ? {} : { 'host-names': hostNames.join() }),
  }
}
