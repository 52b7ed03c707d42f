/** Faults of this region's API, for an operator or a drill: set, shown and ended. Administration itself is never struck. */
import { apiFaultsMax } from '../../core/limits/fault-limits.ts'
import type { AdminRoute } from '../../http/routes.ts'
import type { Faults } from '../../operations/faults/faults.ts'
import type { Log } from '../../ports/log.ts'
import { BadRequest } from '../../process/requests/bad-request.ts'
import { shaped } from '../../process/requests/wrong-shape.ts'
import { faultText } from './fault-texts.ts'
import { faultSelection, faultWish, shownFault } from './fault-wish.ts'

export function faultRoutes(faults: Faults, log: Log): readonly AdminRoute[] {
  const shown = () => ({ faults: faults.list().map(shownFault) })
  return [
    { method: 'GET', path: '/admin/faults', answer: shown },
    {
      method: 'POST',
      path: '/admin/faults/set',
      answer: ({ body }) => {
        const fault = faults.set(shaped(faultWish, body))
        if (fault === undefined) throw new BadRequest(`${apiFaultsMax} faults are set already: clear some`)
        log.warn('a fault of the API is set', { fault: faultText(fault), owner: fault.owner, id: fault.id })
        return { set: fault.id, ...shown() }
      },
    },
    {
      method: 'POST',
      path: '/admin/faults/clear',
      answer: ({ body }) => {
        const ended = faults.clear(shaped(faultSelection, body ?? {}))
        if (ended.length > 0) log.info('faults of the API are cleared', { count: ended.length })
        return { cleared: ended.map(({ id }) => id), ...shown() }
      },
    },
  ]
}
