/** `/admin/triggers`: what `longitude triggers` shows of a region. */
import type { AdminRoute } from '../../http/routes.ts'
import type { Triggers } from '../../readers/triggers/triggers.ts'

export function triggerRoutes(triggers: Pick<Triggers, 'all'>): readonly AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/admin/triggers',
      answer: () => ({
        triggers: triggers.all().map(({ mapping, state, lastResult, table, shards, ageSeconds }) => ({
          uuid: mapping.uuid,
          function: mapping.functionName,
          table,
          streamArn: mapping.streamArn,
          state,
          lastResult,
          shards,
          lagSeconds: ageSeconds,
        })),
      }),
    },
  ]
}
