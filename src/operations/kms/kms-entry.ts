/** The key service at a region's port, as other services are (service-entry.ts). Its model is loaded with the first request. */
import type { ServiceEntry } from '../service-entry.ts'
import type { Kms } from './kms.ts'

export function kmsEntry(kms: Kms): ServiceEntry {
  return {
    signingName: 'kms',
    version: '2014-11-01',
    target: 'TrentService',
    load: async () => {
      const { kmsService } = await import('./kms-service.ts')
      return kmsService(kms)
    },
  }
}
