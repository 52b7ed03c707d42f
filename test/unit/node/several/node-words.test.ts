/** What a node says of itself at /ready and at /admin/node. */
import { expect, test } from 'vitest'
import type { LeaderRoute } from '../../../../src/node/several/front/leader-route.ts'
import { NodeWords } from '../../../../src/node/several/node-words.ts'
import type { SeveralOptions } from '../../../../src/node/several/several-options.ts'
import type { NodeLog } from '../../../../src/region/nodes/node-log.ts'
import type { NodeRole, NodeStatus } from '../../../../src/region/nodes/node-role.ts'

const standing = 'the stream of the nodes has lost entries'

function wordsOf(role: NodeRole, trouble?: string): NodeWords {
  const status: NodeStatus = {
    node: 'b',
    term: 3,
    sequence: 9,
    durable: 7,
    atMs: 0,
    nodes: { a: 9, b: 7 },
    isWhole: true,
    isReady: false,
    trouble,
  }
  return new NodeWords({
    region: 'us-east-1',
    several: { node: 'b', nodes: new Map(['a', 'b', 'c'].map((name) => [name, {}])) } as unknown as SeveralOptions,
    nodeLog: { role: () => role, status: () => status } as unknown as NodeLog,
    clock: { wallMs: () => 0 },
    route: { waiting: 0 } as unknown as LeaderRoute,
    own: () => undefined,
    isStopping: () => false,
  })
}

const told = (words: NodeWords): unknown => words.route.answer({ query: {}, body: undefined })

test('a node that stands still until an operator has looked says why', () => {
  const words = wordsOf({ role: 'away' }, standing)
  expect(words.readiness()).toMatchObject({ ready: false, role: 'away', reason: standing })
  expect(told(words)).toMatchObject({ node: 'b', role: 'away', trouble: standing })
})

test('a node that is only away says that, and one that follows is ready', () => {
  expect(wordsOf({ role: 'away' }).readiness()['reason']).toMatch(/^it reaches no majority/)
  const words = wordsOf({ role: 'following', term: 3, leader: { node: 'a', address: '' } })
  expect(words.readiness()).toEqual({
    ready: true,
    region: 'us-east-1',
    node: 'b',
    role: 'following',
    term: 3,
    leader: 'a',
  })
  expect(told(words)).not.toHaveProperty('trouble')
})
