/** IAM at a region's port, as other services are (service-entry.ts): the identities as its operations show and change them. */
import type { ServiceEntry } from '../service-entry.ts'
import type { IamPorts } from './iam-ports.ts'

export function iamEntry(ports: IamPorts): ServiceEntry {
  return {
    signingName: 'iam',
    version: '2010-05-08',
    isGlobal: true,
    load: async () => {
      const { iamService } = await import('./iam-service.ts')
      return iamService(ports)
    },
  }
}
