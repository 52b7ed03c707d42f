/** A node whose role changes: the region runs while it leads, and requests go where the role says, in the turn in which it is told. */
import { beforeEach, expect, test } from 'vitest'
import type { Send } from '../../../../src/http/processes/forwarding.ts'
import type { RunningServer } from '../../../../src/http/server.ts'
import { LeaderRoute } from '../../../../src/node/several/front/leader-route.ts'
import type { NodeLine } from '../../../../src/node/several/line/node-line.ts'
import { Roles } from '../../../../src/node/several/roles.ts'
import type { TermRegion } from '../../../../src/node/several/term-region.ts'
import { StoreLost } from '../../../../src/ports/store.ts'
import type { NodeLog } from '../../../../src/region/nodes/node-log.ts'
import type { NodeRole } from '../../../../src/region/nodes/node-role.ts'
import { quiet } from '../../../replication/nats.ts'
import { ManualClock } from '../../readers/replication/manual-clock.ts'
import { Answers, lost, requestOf } from './around.ts'

class TestLog {
  readonly listeners = new Set<(role: NodeRole) => void>()
  now: NodeRole = { role: 'away' }
  readonly said: string[] = []

  role(): NodeRole {
    return this.now
  }

  onRole(listener: (role: NodeRole) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  ready(): void {
    this.said.push('ready')
  }

  resign(): Promise<void> {
    this.said.push('resign')
    return Promise.resolve()
  }

  becomes(role: NodeRole): void {
    this.now = role
    for (const listener of this.listeners) listener(role)
  }
}

const following = (node?: string): NodeRole => ({
  role: 'following',
  term: 9,
  leader: node === undefined ? undefined : { node, address: '' },
})
const leading = (term: number): NodeRole => ({ role: 'leading', term })

let log: TestLog
let route: LeaderRoute
let happened: string[]
let begun: Send[]
let answers: Answers
let roles: Roles
let open: (term: number) => Promise<void>

beforeEach(() => {
  const clock = new ManualClock()
  log = new TestLog()
  route = new LeaderRoute({ clock, requestIds: () => 'id' })
  ;[happened, begun, answers] = [[], [], new Answers()]
  open = () => Promise.resolve()
  roles = new Roles({
    nodeLog: log as unknown as NodeLog,
    route,
    clock,
    log: quiet,
    open: async (term) => {
      happened.push(`opens ${term}`)
      await open(term)
      return regionOf(term)
    },
    lineTo: (node) => {
      happened.push(`line to ${node}`)
      const line = { isOpen: true, forward: () => undefined, end: () => happened.push(`line to ${node} ends`) }
      return line as unknown as NodeLine
    },
    onChange: () => undefined,
    onStopped: () => happened.push('is stopped'),
    onStuck: ({ message }) => happened.push(`stuck: ${message}`),
  })
  roles.start()
})

function regionOf(term: number): TermRegion {
  const server = { answer: (_: unknown, send: Send) => void begun.push(send) } as unknown as RunningServer
  return {
    server,
    forwardsAll: () => false,
    standsInFor: () => [],
    trouble: () => undefined,
    measure: () => Promise.resolve(),
    stop: () => {
      happened.push(`stops ${term}`)
      return Promise.resolve()
    },
  }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

test('it runs the region while it leads, and says when that takes requests', async () => {
  route.forward(requestOf('1'), answers.of('1'))
  log.becomes(leading(3))
  expect(roles.ownLead).toBeUndefined()
  await settled()
  expect([happened, log.said, begun.length]).toEqual([['opens 3'], ['ready'], 1])
  log.becomes(following('b'))
  expect(answers.all).toEqual([`1 500 ${lost}`])
  expect([roles.ownLead, roles.region]).toEqual([undefined, undefined])
  await settled()
  expect(happened).toEqual(['opens 3', 'line to b', 'stops 3', 'is stopped'])
})

test('the next term begins on a region of its own, once that of the one before has stopped', async () => {
  log.becomes(leading(3))
  await settled()
  log.becomes(leading(5))
  await settled()
  expect(happened).toEqual(['opens 3', 'stops 3', 'is stopped', 'opens 5'])
  expect(roles.ownLead?.isOpen).toBe(true)
})

test('a term that is over while the region starts on it leaves nothing, and is no failure', async () => {
  open = async () => {
    log.becomes(following())
    await Promise.resolve()
    throw new StoreLost('term 3 is over')
  }
  log.becomes(leading(3))
  await settled()
  expect([happened, log.said]).toEqual([['opens 3'], []])
})

test('a region that has started when its term is over already takes no request, and is stopped', async () => {
  open = async () => {
    log.becomes(following())
    await Promise.resolve()
  }
  log.becomes(leading(3))
  await settled()
  expect([happened, log.said]).toEqual([['opens 3', 'stops 3', 'is stopped'], []])
})

test('a region that cannot be started for another reason is said, and another node may lead', async () => {
  open = () => Promise.reject(new Error('the store is of another version'))
  log.becomes(leading(3))
  await settled()
  expect(happened.slice(0, 2)).toEqual(['opens 3', 'stuck: the store is of another version'])
  expect(log.said).toEqual(['resign'])
})

test('a node that follows sends requests to the node that leads, and leaves a former one', async () => {
  log.becomes(following('b'))
  log.becomes(following('b'))
  log.becomes(following())
  log.becomes(following('c'))
  log.becomes({ role: 'away' })
  expect(happened).toEqual(['line to b', 'line to b ends', 'line to c', 'line to c ends'])
})

test('a node that stops ends its region in order', async () => {
  log.becomes(leading(3))
  await settled()
  await roles.stop()
  log.becomes(leading(4))
  await settled()
  expect(happened).toEqual(['opens 3', 'stops 3', 'is stopped'])
})
