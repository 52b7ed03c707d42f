/** Replicas removed by an operator, also where clients have to wait. */
import { z } from 'zod'
import { ServiceError } from '../../core/errors.ts'
import type { AdminRoute } from '../../http/routes.ts'
import type { OperationContext } from '../../operations/operation.ts'
import { removeReplica } from '../../operations/tables/update-table.ts'
import { BadRequest } from '../../process/requests/bad-request.ts'
import { shaped } from '../../process/requests/wrong-shape.ts'

const removal = z.strictObject({ table: z.string().min(1), region: z.string().min(1), force: z.boolean() })

export function replicaRoutes(context: OperationContext): readonly AdminRoute[] {
  return [
    {
      method: 'POST',
      path: '/admin/replicas/remove',
      answer: async ({ body }) => {
        const { table, region, force } = shaped(removal, body)
        await removeReplica({ table, region, byForce: force }, context).catch((error: unknown) => {
          throw error instanceof ServiceError ? new BadRequest(error.message) : error
        })
        return { table, removed: region }
      },
    },
  ]
}
