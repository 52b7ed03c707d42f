/** A port that other machines reach, and whose signatures are not verified, is opened only when that was said. */
import { isLoopback } from '../../http/access/visitors.ts'
import { Failure } from '../../process/failure.ts'

export type PortAccess = {
  readonly host: string
  readonly credentials?: string | undefined
  readonly identities?: string | undefined
  readonly anyCredentials?: boolean | undefined
}

/** Throws a Failure. */
export function refuseOpenPort({ host, credentials, identities, anyCredentials = false }: PortAccess): void {
  if (isLoopback(host) || credentials !== undefined || identities !== undefined || anyCredentials) return
  throw new Failure(
    `--host ${host} lets other machines in, and no signatures are verified: every client could do everything. ` +
      'Give --credentials FILE or --identities FILE; --any-credentials says that it is meant',
  )
}
