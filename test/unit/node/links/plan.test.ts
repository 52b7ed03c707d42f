import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readPlan } from '../../../../src/links/plan.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'longitude-plan-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function plan(rows: unknown, flags: readonly string[] = []): ReturnType<typeof readPlan> {
  const file = join(folder, 'links.json')
  writeFileSync(file, JSON.stringify(rows))
  return readPlan({ file, flags, host: '0.0.0.0', roundTripMs: () => 70 })
}

const row = { from: 'us-east-1', to: 'eu-west-1', listen: 4301, target: 'nats-eu-west-1:4222' }

test('a link that says nothing of itself has the distance between its regions and nothing else', () => {
  expect(plan({ links: [row] })).toEqual([
    {
      from: 'us-east-1',
      to: 'eu-west-1',
      listen: { host: '0.0.0.0', port: 4301 },
      target: { host: 'nats-eu-west-1', port: 4222 },
      shape: { roundTripMs: 70, jitterMs: 0, bandwidthBitsPerSecond: null, stall: null, state: 'up' },
    },
  ])
})

test('a link may say where it listens and how it is', () => {
  const said = { listen: '[::1]:4302', rtt: '80ms', jitter: '4ms', bandwidth: '200mbit', stall: '1%/200ms' }
  expect(plan({ links: [{ ...row, ...said }] })[0]).toMatchObject({
    listen: { host: '::1', port: 4302 },
    shape: { roundTripMs: 80, jitterMs: 4, bandwidthBitsPerSecond: 200e6, stall: { percent: 1, ms: 200 } },
  })
})

test('flags add links to those of the file', () => {
  const plans = plan({ links: [row] }, ['eu-west-1..us-east-1=4302:10.0.0.7:4222'])
  expect(plans.map(({ from, target }) => [from, target.host])).toEqual([
    ['us-east-1', 'nats-eu-west-1'],
    ['eu-west-1', '10.0.0.7'],
  ])
})

test.each([
  [{ links: [{ ...row, rtt: 'soon' }] }, [], /links\.json: .*"soon"/s],
  [{ links: [{ ...row, target: 'nowhere' }] }, [], /"nowhere" is no address/],
  [{ links: [{ ...row, speed: 1 }] }, [], /speed/],
  [{ list: [] }, [], /links\.json/],
  [{ links: [] }, ['us-east-1=4301'], /--link is "us-east-1=4301": FROM\.\.TO=PORT:HOST:PORT/],
])('a plan that is none is told by what is wrong with it: %j %j', (rows, flags, told) => {
  expect(() => plan(rows, flags)).toThrow(told)
})
