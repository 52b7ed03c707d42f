/** How a table is scaled by itself, as the page of capacity tells it. */
import { expect, test } from 'vitest'
import { scalingOf } from '../../../src/console/capacity/scaling.ts'

const at = { region: 'us-east-1', endpoint: 'http://127.0.0.1:1' }
const dimension = (units: string) => `dynamodb:index:${units}CapacityUnits`

function wireWith(answers: Readonly<Record<string, Readonly<Record<string, unknown>>>>) {
  const asked: unknown[] = []
  const autoScaling = async (_: unknown, operation: string, input: object) => {
    asked.push([operation, input])
    return await Promise.resolve(answers[operation] ?? {})
  }
  return { asked, autoScaling }
}

test('bounds are told with the share that a policy aims at', async () => {
  const wire = wireWith({
    DescribeScalableTargets: {
      ScalableTargets: [
        { ScalableDimension: dimension('Read'), MinCapacity: 5, MaxCapacity: 100 },
        { ScalableDimension: dimension('Write'), MinCapacity: 1, MaxCapacity: 10 },
      ],
    },
    DescribeScalingPolicies: {
      ScalingPolicies: [
        {
          ScalableDimension: dimension('Read'),
          TargetTrackingScalingPolicyConfiguration: { TargetValue: 70 },
        },
      ],
    },
  })
  expect(await scalingOf(wire, at, { table: 'Orders', index: 'by-date' })).toEqual([
    { of: 'reads', least: 5, most: 100, percent: 70 },
    { of: 'writes', least: 1, most: 10 },
  ])
  expect(wire.asked[0]).toEqual([
    'DescribeScalableTargets',
    { ServiceNamespace: 'dynamodb', ResourceIds: ['table/Orders/index/by-date'] },
  ])
})

test('a table that is not scaled by itself has none, and is asked one question', async () => {
  const wire = wireWith({ DescribeScalableTargets: { ScalableTargets: [] } })
  expect(await scalingOf(wire, at, { table: 'Orders' })).toEqual([])
  expect(wire.asked).toHaveLength(1)
})
