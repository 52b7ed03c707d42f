/** The faults of one region of a cluster, of the process that runs now. */
import { shownFault, faultWish } from '../node/faults/fault-wish.ts'
import { BadRequest } from '../process/requests/bad-request.ts'
import { shaped } from '../process/requests/wrong-shape.ts'
import type { ClusterFaults, FaultSettings } from './cluster-api.ts'
import type { WorldRegion } from './world-region.ts'

export function clusterFaults(region: () => WorldRegion): ClusterFaults {
  const faults = () => {
    const { running, name } = region()
    if (running === undefined) throw new TypeError(`faults: ${name} is down`)
    return running.region.faults
  }
  return {
    set: (settings) => {
      const fault = faults().set(checked(settings))
      if (fault === undefined) throw new TypeError('faults: as many are set as there can be')
      return fault.id
    },
    clear: (selection = {}) => void faults().clear(selection),
    list: () => faults().list().map(shownFault),
  }
}

/** What is wrong with what a caller of the cluster gave is a TypeError. */
function checked(settings: FaultSettings) {
  try {
    return shaped(faultWish, settings)
  } catch (error) {
    throw error instanceof BadRequest ? new TypeError(`faults: ${error.message}`) : error
  }
}
