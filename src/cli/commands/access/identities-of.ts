/** The file of identities that a command is about: its option, or that of the deployment that it finds. */
import type { Command } from 'commander'
import type { Identities } from '../../../core/access/identities/identities.ts'
import { readIdentities } from '../../../deployment/secrets/identities/identity-file.ts'
import { Failure } from '../../../process/failure.ts'
import { readOptions } from '../../configuration.ts'
import { meantBy } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'

export type IdentityFile = { readonly path: string; readonly identities: Identities; readonly accountId: string }

export function identitiesOf(command: Command): IdentityFile {
  const { identities: given, accountId } = readOptions(command, optionsOf.access)
  const path = given ?? meantBy(command, optionsOf.access)?.identities
  if (path === undefined)
    throw new Failure('there is no file of identities: name it by --identities FILE, or start the deployment with it')
  return { path, identities: readIdentities(path, accountId), accountId }
}
