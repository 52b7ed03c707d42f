/** What groups of regions with strong consistency have in a region of several nodes: a part of the region's store each, which all nodes have. */
import { AesKeySeal } from '../../adapters/encryption/key-seal.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import type { Log } from '../../ports/log.ts'
import type { Store } from '../../ports/store.ts'
import { StorePart } from '../../region/nodes/store/store-part.ts'
import type { GroupPorts } from '../../region/strong/strong.ts'

type GroupOptions = {
  readonly log: Log
  readonly mrscConflicts?: 'refuse' | 'off' | undefined
}

/** `store`: of the term of the node that leads, encrypted where the region is. */
export const groupPartsOf = (store: Store, { log, mrscConflicts }: GroupOptions): GroupPorts => ({
  storeOf: async (group, number, isNew) => {
    const part = new StorePart(store, group, number)
    if (isNew) await part.clear()
    else if (number > 0) forget(new StorePart(store, group, number - 1), group, log)
    return part
  },
  seal: new AesKeySeal(systemRandom),
  guards: mrscConflicts !== 'off',
})

/** It is not waited for. A node that leads later goes on with what is left. */
function forget(former: StorePart, group: string, log: Log): void {
  former.clear().catch((error: unknown) => {
    log.debug('a former replica of a group is not removed yet', { group, error: String(error) })
  })
}
