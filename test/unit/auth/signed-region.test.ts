import { expect, test } from 'vitest'
import { endpointIn, regionProblem, type SignedRegions } from '../../../src/core/auth/signed-region.ts'

const endpoints = { 'eu-west-1': 'http://127.0.0.1:8001' }
const two: SignedRegions = {
  own: 'us-east-1',
  all: () => ['us-east-1', 'eu-west-1'],
  endpointOf: (region) => endpointIn(endpoints, region),
  alsoFor: new Set(['sa-east-1']),
}

test.each(['us-east-1', 'local', 'localhost', 'sa-east-1'])('%s is served', (region) => {
  expect(regionProblem(region, two)).toBe('')
})

test('another region of the deployment is refused with its endpoint', () => {
  expect(regionProblem('eu-west-1', two)).toBe(
    "Credential should be scoped to a valid region, not 'eu-west-1'. This is the endpoint of us-east-1, and eu-west-1 is at http://127.0.0.1:8001. ",
  )
})

test.each(['constructor', '__proto__', 'toString', ''])('%j is a region without an endpoint', (region) => {
  expect(regionProblem(region, two)).not.toContain('is at')
  expect(regionProblem(region, two)).toContain('the regions of this deployment are us-east-1, eu-west-1. ')
})

test('a region that is alone serves every region, and no longer once there is another', () => {
  let all: readonly string[] = ['us-east-1']
  const growing = { ...two, all: () => all }
  expect(regionProblem('eu-west-1', growing)).toBe('')
  all = ['us-east-1', 'eu-west-1']
  expect(regionProblem('eu-west-1', growing)).not.toBe('')
})
