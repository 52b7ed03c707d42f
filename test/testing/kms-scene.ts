/** A key service of each region in memory, for tests of what follows from its keys. */
import { AesKeySeal } from '../../src/adapters/encryption/key-seal.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import { type KmsKeys, noKeys } from '../../src/core/kms/key-states.ts'
import { Kms } from '../../src/operations/kms/kms.ts'
import { OwnKeys } from '../../src/operations/kms/own-keys.ts'

export type MemoryKms = {
  readonly kms: Kms
  readonly keys: OwnKeys
  /** Makes a key and returns its ARN. */
  readonly made: () => string
  /** The service cannot be reached. */
  away: boolean
}

export function memoryKms(region: string, accountId = '000000000000'): MemoryKms {
  let all: KmsKeys = noKeys
  const state = { away: false }
  const kms = new Kms({
    place: { region, accountId },
    clock: { wallMs: () => Date.now() },
    random: systemRandom,
    seal: new AesKeySeal(systemRandom),
    kept: {
      current: () => {
        if (state.away) throw new Error('away')
        return all
      },
      replace: (next) => void (all = next),
    },
  })
  const made = (): string =>
    (kms.run('CreateKey', {}) as { readonly KeyMetadata: { readonly Arn: string } }).KeyMetadata.Arn
  return Object.assign(state, { kms, keys: new OwnKeys(kms), made })
}
