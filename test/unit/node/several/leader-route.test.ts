/** Requests that this node does not answer itself: they wait for a leader, are sent once, and are answered in any case. */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { Socket } from 'node:net'
import { beforeEach, expect, test } from 'vitest'
import { leaderWaitingMax, leaderWaitMsMax } from '../../../../src/core/limits/node-line-limits.ts'
import type { Send } from '../../../../src/http/processes/forwarding.ts'
import type { ApiRequest } from '../../../../src/http/pipeline.ts'
import { type Lead, LeaderRoute } from '../../../../src/node/several/front/leader-route.ts'
import { OwnLead } from '../../../../src/node/several/own-lead.ts'
import { ManualClock } from '../../readers/replication/manual-clock.ts'
import { Answers, lost, noLeader, requestOf } from './around.ts'

class TestLead implements Lead {
  isOpen = true
  readonly asked: string[] = []
  declines = 0

  forward({ body }: ApiRequest, send: Send, declined: () => void): void {
    if (this.declines-- > 0) return void setImmediate(declined)
    this.asked.push(body.toString())
    send('id', { status: 200, contentType: 'text/plain', bytes: Buffer.from('done') })
  }

  takeOver(_: Socket, received: Buffer, taken: () => void): void {
    this.asked.push(received.toString())
    taken()
  }

  end(): void {}
}

let clock: ManualClock
let route: LeaderRoute
let answers: Answers
beforeEach(() => {
  clock = new ManualClock()
  route = new LeaderRoute({ clock, requestIds: () => 'a new id' })
  answers = new Answers()
})

test('requests wait for a leader, and are sent once, in the order in which they came', async () => {
  for (const name of ['1', '2', '3']) route.forward(requestOf(name), answers.of(name))
  await clock.pass(leaderWaitMsMax - 1)
  const lead = new TestLead()
  lead.isOpen = false
  route.lead(lead)
  expect([route.waiting, lead.asked]).toEqual([3, []])
  lead.isOpen = true
  route.changed()
  expect([route.waiting, lead.asked]).toEqual([0, ['1', '2', '3']])
  expect(answers.all).toEqual(['1 200 done', '2 200 done', '3 200 done'])
  await clock.pass(10 * leaderWaitMsMax)
  expect(answers.all).toHaveLength(3)
})

test('a request that finds no leader in time is refused, and reaches none that comes later', async () => {
  route.forward(requestOf('1'), answers.of('1'))
  await clock.pass(leaderWaitMsMax)
  expect(answers.all).toEqual([`1 500 ${noLeader}`])
  const lead = new TestLead()
  route.lead(lead)
  expect(lead.asked).toEqual([])
})

test('more requests than may wait are refused at once', () => {
  for (let n = 0; n < leaderWaitingMax; n++) route.forward(requestOf(), () => undefined)
  route.forward(requestOf(), answers.of('one more'))
  expect(answers.all).toEqual([`one more 500 ${noLeader}`])
})

test('a request that a node declines was not begun: it goes to the next one, within the time that it has', async () => {
  const before = new TestLead()
  before.declines = 1
  route.lead(before)
  route.forward(requestOf('1'), answers.of('1'))
  route.lead(undefined)
  await clock.pass(leaderWaitMsMax - 10)
  await new Promise(setImmediate)
  expect([route.waiting, answers.all]).toEqual([1, []])
  await clock.pass(10)
  expect(answers.all).toEqual([`1 500 ${noLeader}`])
})

test('a connection on which something unusual came waits too, and is answered when there is no leader', async () => {
  const client = new PassThrough()
  const [taken, written] = [{ times: 0 }, [] as string[]]
  client.on('data', (chunk: Buffer) => written.push(chunk.toString()))
  route.takeOver(client as unknown as Socket, Buffer.from('GET /admin/x'), () => taken.times++)
  const ended = once(client, 'end')
  await clock.pass(leaderWaitMsMax)
  await ended
  expect(written.join('')).toMatch(/^HTTP\/1\.1 503 [^]*no node leads this region now/)
  expect(taken.times).toBe(1)
})

test('what the region of this process has begun is answered as lost once its term is over, and not again when it answers late', () => {
  const begun: Send[] = []
  const own = new OwnLead({ answer: (_, send) => begun.push(send), takeBack: () => undefined })
  route.lead(own)
  route.forward(requestOf('1'), answers.of('1'))
  route.forward(requestOf('2'), answers.of('2'))
  begun[0]?.('id', { status: 200, contentType: 'text/plain', bytes: Buffer.from('in time') })
  own.end()
  expect(answers.all).toEqual(['1 200 in time', `2 500 ${lost}`])
  begun[1]?.('id', { status: 200, contentType: 'text/plain', bytes: Buffer.from('too late') })
  expect(answers.all).toHaveLength(2)
  route.forward(requestOf('3'), answers.of('3'))
  expect([route.waiting, begun.length]).toEqual([1, 2])
})

test('connections of clients end with the term of the region that has them', async () => {
  const own = new OwnLead({ answer: () => undefined, takeBack: () => undefined })
  const client = new PassThrough()
  const closed = once(client, 'close')
  own.takeOver(client as unknown as Socket, Buffer.alloc(0), () => undefined)
  own.end()
  await closed
})

test('a region that stops waits for what it has begun', async () => {
  const begun: Send[] = []
  const own = new OwnLead({ answer: (_, send) => begun.push(send), takeBack: () => undefined })
  own.forward(requestOf('1'), answers.of('1'), () => undefined)
  const idle = { now: false }
  const waits = own.idle().then(() => (idle.now = true))
  await Promise.resolve()
  expect(idle.now).toBe(false)
  begun[0]?.('id', { status: 200, contentType: 'text/plain', bytes: Buffer.from('done') })
  await waits
})
