/** The region's own key service, where the node has one (docs/encryption.md). */
import { AesKeySeal } from '../adapters/encryption/key-seal.ts'
import { systemClock } from '../adapters/system/clocks.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { KmsFile } from '../deployment/secrets/kms-file.ts'
import { Kms } from '../operations/kms/kms.ts'
import { kmsEntry } from '../operations/kms/kms-entry.ts'
import type { ServiceEntry } from '../operations/service.ts'
import type { Log } from '../ports/log.ts'
import { KeyUnavailable } from '../ports/keyring.ts'
import { Failure } from '../process/failure.ts'

type Options = {
  readonly kms?: string | undefined
  readonly self: { readonly name: string }
  readonly accountId: string
  readonly log: Log
}

/** Throws a Failure where its file cannot be made or read. */
export function ownKms({ kms: folder, self, accountId, log }: Options): Kms | undefined {
  if (folder === undefined) return undefined
  try {
    return new Kms({
      place: { region: self.name, accountId },
      kept: new KmsFile(folder, self.name, log),
      clock: systemClock,
      random: systemRandom,
      seal: new AesKeySeal(systemRandom),
    })
  } catch (error) {
    throw error instanceof KeyUnavailable ? new Failure(error.message) : error
  }
}

export const kmsServices = (kms: Kms | undefined): readonly ServiceEntry[] => (kms === undefined ? [] : [kmsEntry(kms)])
