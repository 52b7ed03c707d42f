/** What becomes of the messages between regions when something else has its hands on the streams: none of it reaches the data. */
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { announceSubject, askSubject } from '../../src/adapters/nats/nats-subjects.ts'
import { decodeBatch, encodeBatch } from '../../src/core/change/batch.ts'
import { encodeControl } from '../../src/core/change/control.ts'
import { decodeRow, encodeRow } from '../../src/core/item/row.ts'
import type { ChaosRegion } from './chaos-region.ts'
import { anyOf, rounds, testMsMax } from './pace.ts'
import { sendRequest } from './request.ts'
import { sharedDeployment, underLoad } from './shared.ts'
import { StreamAbuse } from './streams.ts'
import { pause, until } from './until.ts'

const timeout = testMsMax
const deployment = sharedDeployment()

async function abusing<T>(region: ChaosRegion, work: (abuse: StreamAbuse) => Promise<T>): Promise<T> {
  const abuse = await StreamAbuse.open(region)
  try {
    return await work(abuse)
  } finally {
    await abuse.close()
  }
}

it('messages that are lost, repeated and reordered on the stream change nothing', { timeout }, () =>
  underLoad(deployment(), 'disordered', async () => {
    const world = deployment()
    for (let round = 0; round < rounds(2, 100); round++) {
      const region = anyOf(world.regions)
      await abusing(region, async (abuse) => {
        if (round % 2 === 0) world.setLinks({ state: 'down' }, `${region.name}>*`)
        await pause(500)
        const messages = (await abuse.messages()).slice(-40)
        await abuse.lose()
        const twice = [...messages, ...messages].filter(() => Math.random() < 0.7)
        await abuse.record(twice.toSorted(() => Math.random() - 0.5))
        world.heal()
        await pause(500)
      })
    }
  }),
)

it('a peer that sends garbage is named with an alarm, and the rest flows', { timeout }, async () => {
  const world = deployment()
  const [liar, ...others] = world.regions as [ChaosRegion, ...ChaosRegion[]]
  const before = await Promise.all(others.map((region) => region.metric('longitude_replication_refused_total')))
  await underLoad(world, 'garbage', async () => {
    await abusing(liar, async (abuse) => {
      for (let round = 0; round < rounds(3, 200); round++) {
        const real = (await abuse.messages()).slice(-3)
        await abuse.record([...real.flatMap(spoiled), randomBytes(300), Buffer.alloc(0)])
        await abuse.say(announceSubject(liar.name), randomBytes(80))
        await abuse.say(announceSubject(liar.name), encodeControl({ say: 'pulse', region: liar.name }))
        for (const other of others) await abuse.say(askSubject(liar.name, other.name), randomBytes(80))
        await pause(200)
      }
    })
  })
  for (const [n, region] of others.entries()) {
    expect(await region.metric('longitude_replication_refused_total')).toBeGreaterThan(before[n] ?? 0)
    expect((await region.peer(liar.name))?.suspect?.messages).toBeGreaterThan(0)
    expect(region.story()).toContain('garbage from the peer')
  }
  const { output } = await world.operator('status')
  expect(output).toMatch(new RegExp(`${liar.name} .*\\d+ messages of ${liar.name} not understood`))
})

it(
  'a poisoned change is set aside and named, the rest flows, and a repair mends it',
  { timeout: 2 * testMsMax },
  async () => {
    const world = deployment()
    const [origin, ...others] = world.regions as [ChaosRegion, ...ChaosRegion[]]
    await world.globalTable('poisoned')
    const put = (id: string) =>
      sendRequest(origin.endpoint, 'PutItem', { TableName: 'poisoned', Item: { id: { S: id }, v: { S: 'fine' } } })
    // Not a black hole: what that has swallowed comes out as it was.
    world.setLinks({ state: 'reset' }, `${origin.name}>*`)
    await put('before')
    await put('poisoned')
    await put('after')
    await abusing(origin, async (abuse) => {
      let messages: readonly Buffer[] = []
      await until('all is on the stream', async () => {
        messages = await abuse.messages()
        return messages.some((message) => message.includes('"after"'))
      })
      await abuse.lose()
      await abuse.record(messages.map(poisoned))
    })
    // Its log would tell what is true at the start of the session.
    await origin.kill('node', 'SIGSTOP')
    world.heal()
    for (const region of others) {
      const get = (id: string) =>
        sendRequest(region.endpoint, 'GetItem', { TableName: 'poisoned', Key: { id: { S: id } } })
      // The followers put several questions to the silent node, one after another, before they go on without its answers.
      await until('the rest flows', async () => (await get('after'))['Item'] !== undefined, 180_000)
      expect((await get('before'))['Item']).toBeDefined()
      expect((await get('poisoned'))['Item']).toBeUndefined()
      const { setAside } = await region.status()
      expect(setAside.newest.at(-1)).toMatchObject({
        origin: origin.name,
        table: 'poisoned',
        reason: expect.any(String),
      })
      expect(region.story()).toContain('set a peer’s change aside')
    }
    await origin.kill('node', 'SIGCONT')
    const { output } = await world.operator('status')
    expect(output).toMatch(/eu-west-1 has set aside 1 changes[^]*us-east-1, poisoned: its key is not that of its item/)
    const { status, output: differs } = await world.operator('verify', 'poisoned')
    expect([status, differs]).toEqual([1, expect.stringContaining('poisoned')])
    expect((await world.operator('repair', 'poisoned')).status).toBe(0)
    await world.verified('poisoned')
  },
)

/** Cut short, and with one byte changed. */
function spoiled(message: Buffer): Buffer[] {
  const changed = Buffer.from(message)
  const at = Math.floor(Math.random() * Math.min(60, changed.length))
  changed[at] = (changed[at] ?? 0) ^ 0xff
  return [message.subarray(0, Math.floor(message.length * Math.random())), changed]
}

/** The change of the item "poisoned" claims to be of another one. */
function poisoned(message: Buffer): Buffer {
  if (!message.includes('"poisoned"')) return message
  const batch = decodeBatch(message)
  const changes = batch.changes.map((change) => {
    const row = decodeRow(change.row)
    if (!row.body.includes('"poisoned"')) return change
    return { ...change, row: encodeRow({ ...row, body: Buffer.from('{"id":{"S":"another"},"v":{"S":"fine"}}') }) }
  })
  return encodeBatch({ ...batch, changes })
}
