import { expect, test } from 'vitest'
import { overviewText, type RegionOverview } from '../../../src/supervisor/overview.ts'

function regionAt(region: string, port: number): RegionOverview {
  const processes = { node: 1, natsServer: 2 }
  return {
    region,
    city: '',
    endpoint: `http://127.0.0.1:${port}`,
    state: 'ready',
    natsPort: 1,
    processes,
    distances: {},
  }
}

const regions = [regionAt('us-east-1', 8000), regionAt('eu-west-1', 8001), regionAt('ap-northeast-1', 8002)]

test('the commands to paste ask for one replica, as AWS takes no more in one call, and read where it is', () => {
  const lines = overviewText(regions, {}).split('\n')
  const updates = lines.filter((line) => line.includes('update-table'))
  expect(updates).toHaveLength(1)
  expect(updates[0]?.match(/Create=\{RegionName=[^}]+\}/g)).toEqual(['Create={RegionName=ap-northeast-1}'])
  const read = lines.find((line) => line.includes('get-item'))
  expect(read).toContain('--endpoint-url http://127.0.0.1:8002 --region ap-northeast-1')
})

test('a region alone is told of no replicas', () => {
  expect(overviewText(regions.slice(0, 1), {})).not.toContain('update-table')
})
