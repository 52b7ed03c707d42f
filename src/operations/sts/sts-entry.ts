/** STS at a region's port, as other services are (service-entry.ts): who signs, and temporary credentials. Its model is loaded with the first request. */
import type { ServiceEntry } from '../service-entry.ts'
import type { StsPorts } from './sts-ports.ts'

export function stsEntry(ports: StsPorts): ServiceEntry {
  return {
    signingName: 'sts',
    version: '2011-06-15',
    isGlobal: true,
    load: async () => {
      const { stsService } = await import('./sts-service.ts')
      return stsService(ports)
    },
  }
}
