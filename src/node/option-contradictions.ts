/** Options of a node that do not go together, and a data folder that it must not start on. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../process/failure.ts'
import { restoringName } from './store/data-names.ts'

type Options = {
  readonly data: string
  readonly workers?: number | undefined
  readonly auditData?: boolean
  readonly access?: string
  readonly identities?: string | undefined
  readonly privateListen?: string | undefined
  readonly privatePolicy?: string | undefined
}

/** Throws a Failure. */
export function refuseContradictions(options: Options): void {
  if (existsSync(join(options.data, restoringName)))
    throw new Failure(
      `${options.data} holds a restore that is not finished: run \`longitude restore region\` again, or remove ${join(options.data, restoringName)}`,
    )
  if ((options.workers ?? 1) > 1 && options.auditData === true)
    throw new Failure('--workers and --audit-data do not go together yet: reads of workers would not be told')
  requireIdentities(options)
  const { privateListen, privatePolicy, access = 'off' } = options
  if (privatePolicy !== undefined && (privateListen === undefined || access === 'off'))
    throw new Failure(
      '--private-policy needs --private-listen, and --access audit or strict: without these it decides nothing',
    )
}

/** Throws a Failure. */
export function requireIdentities({ access = 'off', identities }: Pick<Options, 'access' | 'identities'>): void {
  if (access !== 'off' && identities === undefined) throw new Failure(needsIdentities)
}

const needsIdentities =
  '--access audit and --access strict need --identities FILE: without identities there are no policies'
