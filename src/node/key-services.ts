/** The key services of a node: its own, where it has one, and the one that it asks (docs/operating/encryption.md). */
import { AesKeySeal } from '../adapters/encryption/key-seal.ts'
import { systemClock } from '../adapters/system/clocks.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { readKeyService } from '../deployment/secrets/keys/key-service-file.ts'
import { KmsFile } from '../deployment/secrets/keys/kms-file.ts'
import { Kms } from '../operations/kms/kms.ts'
import { OwnKeys } from '../operations/kms/own-keys.ts'
import { kmsEntry } from '../operations/kms/kms-entry.ts'
import type { ServiceEntry } from '../operations/service-entry.ts'
import type { Log } from '../ports/log.ts'
import { KeyUnavailable } from '../ports/keyring.ts'
import { Failure } from '../process/failure.ts'
import type { Lifecycle } from '../region/lifecycle.ts'
import { type EncryptionOptions, openEncryption } from './store/encryption.ts'

/** How often the keys of tables are looked at: in this process, and elsewhere. */
const ownLookMs = 1000
const serviceLookMs = 10_000

type Options = EncryptionOptions & { readonly accountId: string; readonly log: Log }

/** Rejects with a Failure where a key cannot be had. What is opened ends with `life`. */
export async function openKeys(options: Options, life: Lifecycle) {
  const { keyService, self, accountId, log } = options
  const kms = ownKms(options)
  const service = keyService === undefined ? undefined : readKeyService(keyService, { region: self.name, accountId })
  life.add(() => service?.keys.close())
  const ofTables = service?.keys ?? (kms === undefined ? undefined : new OwnKeys(kms))
  const encryption = await openEncryption(options, log, service, ofTables)
  life.add(() => encryption?.stop())
  const everyMs = service === undefined ? ownLookMs : serviceLookMs
  const dataKeys = encryption?.keys
  const tableKeys = ofTables && { keys: { service: ofTables, secrets: dataKeys?.tables, everyMs } }
  return { kms, encryption, dataKeys, tableKeys }
}

/** Throws a Failure where its file cannot be made or read. */
export function ownKms({
  kms: folder,
  self,
  accountId,
  log,
}: Pick<Options, 'kms' | 'self' | 'accountId' | 'log'>): Kms | undefined {
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
