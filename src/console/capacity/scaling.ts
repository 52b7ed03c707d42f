/** How a table or an index is scaled by itself: its bounds, and the share of its units that is aimed at. */
import { z } from 'zod'
import type { Place, Wire } from '../../drills/run/load/wire.ts'

const answerMsMax = 5000

const registered = z.object({
  ScalableTargets: z.array(
    z.object({ ScalableDimension: z.string(), MinCapacity: z.number(), MaxCapacity: z.number() }),
  ),
})
const scaled = z.object({
  ScalingPolicies: z.array(
    z.object({
      ScalableDimension: z.string(),
      TargetTrackingScalingPolicyConfiguration: z.object({ TargetValue: z.number() }).optional(),
    }),
  ),
})

type Scaling = {
  readonly of: 'reads' | 'writes'
  readonly least: number
  readonly most: number
  /** In per cent; absent where no policy aims at any. */
  readonly percent?: number
}

export async function scalingOf(
  wire: Pick<Wire, 'autoScaling'>,
  at: Place,
  { table, index }: { readonly table: string; readonly index?: string },
): Promise<Scaling[]> {
  const resource = index === undefined ? `table/${table}` : `table/${table}/index/${index}`
  const ask = async (operation: string, names: object): Promise<unknown> =>
    await wire.autoScaling(at, operation, { ServiceNamespace: 'dynamodb', ...names }, answerMsMax)
  const { ScalableTargets: targets } = registered.parse(
    await ask('DescribeScalableTargets', { ResourceIds: [resource] }),
  )
  if (targets.length === 0) return []
  const { ScalingPolicies: policies } = scaled.parse(await ask('DescribeScalingPolicies', { ResourceId: resource }))
  return targets.map(({ ScalableDimension: dimension, MinCapacity: least, MaxCapacity: most }) => {
    const policy = policies.find((each) => each.ScalableDimension === dimension)
    const percent = policy?.TargetTrackingScalingPolicyConfiguration?.TargetValue
    const of = dimension.endsWith('ReadCapacityUnits') ? 'reads' : 'writes'
    return { of, least, most, ...(percent === undefined ? {} : { percent }) }
  })
}
