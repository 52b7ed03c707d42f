/** STS and IAM at the node's port, where it has a file of identities. */
import { systemClock } from '../adapters/system/clocks.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { accessSettings, type WatchedAccess } from '../deployment/secrets/identities/watched-access.ts'
import { SessionKeys } from '../http/access/session-keys.ts'
import type { AccessMode } from '../operations/access/authorizer.ts'
import { iamEntry } from '../operations/iam/iam-entry.ts'
import type { ServiceEntry } from '../operations/service-entry.ts'
import { stsEntry } from '../operations/sts/sts-entry.ts'
import type { openPrivateListener } from './private-port.ts'

type Privately = ReturnType<typeof openPrivateListener>

/** What the server is to know of who may do what. */
export function accessParts(
  mode: 'off' | AccessMode | undefined,
  access: WatchedAccess,
  { others = [], privately }: { readonly others?: readonly ServiceEntry[]; readonly privately?: Privately } = {},
) {
  const settings = accessSettings(mode, access)
  return {
    ...(access.credentials === undefined ? {} : { credentials: access.credentials }),
    access: settings === undefined ? undefined : { ...settings, endpointPolicy: privately?.policy },
    privately: privately?.listener,
    services: [...identityServices(mode, access), ...others],
  }
}

function identityServices(
  mode: 'off' | AccessMode = 'off',
  { identities, change }: WatchedAccess,
): readonly ServiceEntry[] {
  if (identities === undefined || change === undefined) return []
  const ports = { identities, clock: systemClock, random: systemRandom }
  const issue = () => {
    const { sessionKey } = identities().definitions
    if (sessionKey === undefined) return undefined
    const keys = new SessionKeys(sessionKey)
    return keys.issue.bind(keys)
  }
  return [stsEntry({ ...ports, mode, issue }), iamEntry({ ...ports, mode, change })]
}
