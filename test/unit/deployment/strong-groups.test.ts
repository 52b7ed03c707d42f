/** What the members of a group say of it, put together. */
import { expect, test } from 'vitest'
import { memberWords } from '../../../src/console/model/group-words.ts'
import { strongGroups } from '../../../src/deployment/status/strong-groups.ts'
import { nodeStatus } from '../../../src/deployment/status/status-shapes.ts'

const group = 'us-east-1_eu-west-1_w_ap-northeast-1'
const shared = { group, replicas: ['us-east-1', 'eu-west-1'], witness: 'ap-northeast-1' }

function answer(region: string, told: object) {
  const around = { region, flushed: 1, tables: 1, publishing: true, peers: [] }
  return { region, status: nodeStatus.parse({ ...around, groups: [{ ...shared, tables: [], ...told }] }) }
}

const virginia = answer('us-east-1', { tables: ['Orders'], majority: true, leader: 'eu-west-1', last: 20, applied: 20 })
const ireland = answer('eu-west-1', {
  tables: ['Orders'],
  majority: false,
  leader: 'us-east-1',
  last: 15,
  applied: 12,
  refuses: 'it reaches no majority of the group',
})
const tokyo = answer('ap-northeast-1', { majority: true, leader: 'eu-west-1', last: 20 })

test('a member in a majority says who leads, and a replica is as far behind as any member knows', () => {
  const [found] = strongGroups([virginia, ireland, tokyo])
  expect(found).toMatchObject({ group, tables: ['Orders'], witness: 'ap-northeast-1', leader: 'eu-west-1' })
  expect(found?.members.map(({ region, role, leads, behind }) => [region, role, leads, behind])).toEqual([
    ['us-east-1', 'replica', false, 0],
    ['eu-west-1', 'replica', true, 8],
    ['ap-northeast-1', 'witness', false, undefined],
  ])
})

test('a replica says why it refuses writes, and a witness takes none', () => {
  const [found] = strongGroups([virginia, ireland, tokyo])
  expect(found?.members.map((member) => memberWords(member).writes)).toEqual([
    'taken',
    'refused: it reaches no majority of the group',
    '–',
  ])
})

test('a member that does not answer is not known', () => {
  const [found] = strongGroups([virginia, { region: 'eu-west-1' }])
  const words = found?.members.map(memberWords)
  expect(words?.[1]).toEqual({ order: 'does not answer', behind: '–', writes: 'not known' })
})

test('regions without such tables have no group', () => {
  expect(strongGroups([{ region: 'us-east-1', status: nodeStatus.parse({ ...virginia.status, groups: [] }) }])).toEqual(
    [],
  )
})
