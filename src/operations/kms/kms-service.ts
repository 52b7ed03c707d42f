/** The operations of AWS KMS (API version 2014-11-01) that are served here, each as far as it can be true. */
import { linkedInputs } from '../../core/wire/model/linking.ts'
import { model } from '../../core/wire/model/kms-model.ts'
import type { Service } from '../service-entry.ts'
import type { Kms } from './kms.ts'

export function kmsService(kms: Kms): Service {
  const inputs = linkedInputs(model)
  return {
    namespace: 'https://kms.amazonaws.com/doc/2014-11-01/',
    errorNamespace: 'com.amazonaws.kms',
    inputOf: (operation) => inputs.get(operation),
    resourceOf: (_, input) => kms.resourceOf(input),
    run: ({ operation, input }) => kms.run(operation, input),
  }
}
