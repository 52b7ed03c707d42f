/** From a released version to this one: the data it wrote, the messages it sent, and regions of both versions beside each other. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeBatch } from '../../src/core/change/batch.ts'
import { until } from '../chaos/until.ts'
import { prepareProgram } from '../cli/command-line.ts'
import { answersOf, answersThen, layStore, messagesThen } from './fixture.ts'
import { OldAndNew, regionNames, type Side } from './old-and-new.ts'
import { historyMissing, programOf, released, root } from './released.ts'

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

it('is told of each version, with its commit and formats, in the changelog', () => {
  const text = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
  for (const { version, commit, formats } of released) {
    const [, section = ''] = text.split(`\n## ${version} `)
    expect(section).toContain(
      `Commit ${commit}. Its store has format ${formats.store}, its messages have format ${formats.message}.`,
    )
  }
  expect([...text.matchAll(/^## (\d\S+) /gm)].map(([, version]) => version)).toEqual(
    released.map(({ version }) => version).toReversed(),
  )
})

describe.each(released)('version $version', { timeout: 180_000 }, (version) => {
  it('left stores that this version opens, serves and writes to', async () => {
    const pair = await start()
    for (const side of pair.sides) {
      layStore(version.version, side.name, side.data)
      await pair.startNew(side, { admits: false })
    }
    for (const { name, client } of pair.sides)
      expect(await answersOf(client)).toEqual(answersThen(version.version, name))
    await bothWays(pair)
  })

  it.each(regionNames)('sent messages from %s that this version reads', (name) => {
    const batches = messagesThen(version.version, name).map((bytes) => decodeBatch(bytes))
    // Each goes on where the one before ended.
    const [first] = batches
    let position = first?.after
    for (const { after, upTo } of batches) {
      expect(after).toBe(position)
      expect(upTo).toBeGreaterThan(after)
      position = upTo
    }
    const rows = batches.flatMap(({ changes }) => changes)
    expect(rows.length).toBeGreaterThan(9)
  })

  const program = programOf(version)
  if (program === undefined) console.error(`\n${historyMissing(version)}\n`)
  const rolling = describe.skipIf(program === undefined).each([...regionNames])
  rolling('beside this version, when %s is upgraded first', (firstName) => {
    it('is heard by it under the option, hears nothing itself, and catches up when it is upgraded', async () => {
      const { pair, first, last } = await startPair(firstName)
      await pair.startNew(first, { admits: true })
      await put(last, 'of the old')
      await until('the new has it', async () => (await keysIn(first)).includes('of the old'))
      await put(first, 'of the new')
      await until('the old refuses the new by name', async () => {
        const peer = await last.region.peer(first.name)
        return peer?.state === 'refused' && peer.reason?.includes('message format 2 is not 1') === true
      })
      expect(await keysIn(last)).not.toContain('of the new')
      await until('it is pending', async () => ((await first.region.peer(last.name))?.pending ?? 0) > 0)
      await upgrade(pair, last)
      await until('the last has it', async () => (await keysIn(last)).includes('of the new'))
      await bothWays(pair)
    })

    it('is refused by name without the option, and nothing of it is lost', async () => {
      const { pair, first, last } = await startPair(firstName)
      await pair.startNew(first, { admits: false })
      await put(last, 'of the old')
      await put(first, 'of the new')
      await until('the new refuses the old by name', async () => {
        const peer = await first.region.peer(last.name)
        return peer?.state === 'refused' && peer.reason?.includes('--admit-unsigned-peers-until') === true
      })
      expect(await keysIn(first)).not.toContain('of the old')
      await upgrade(pair, last)
      for (const side of [first, last])
        await until(`${side.name} has both`, async () => {
          const keys = await keysIn(side)
          return keys.includes('of the old') && keys.includes('of the new')
        })
      await bothWays(pair)
    })
  })

  /** Both of the old version, which then ends on the first. */
  async function startPair(firstName: string): Promise<{ pair: OldAndNew; first: Side; last: Side }> {
    if (program === undefined) throw new Error(historyMissing(version))
    const pair = await start()
    for (const side of pair.sides) {
      layStore(version.version, side.name, side.data)
      await pair.startOld(side, program)
    }
    await bothWays(pair)
    const first = pair.sides.find(({ name }) => name === firstName)
    const last = pair.sides.find(({ name }) => name !== firstName)
    if (first === undefined || last === undefined) throw new Error('two sides')
    await pair.stopNode(first)
    return { pair, first, last }
  }
})

async function upgrade(pair: OldAndNew, side: Side): Promise<void> {
  await pair.stopNode(side)
  await pair.startNew(side, { admits: false })
}

async function put({ client }: Side, customer: string): Promise<void> {
  const Item = { customer: { S: customer }, order: { N: '1' } }
  await client.send(new PutItemCommand({ TableName: 'orders', Item }))
}

async function keysIn({ client }: Side): Promise<readonly string[]> {
  const items = (await answersOf(client)).tables['orders']?.items ?? []
  return items.map((item) => (item as { customer: { S: string } }).customer.S)
}

async function start(): Promise<OldAndNew> {
  prepareProgram()
  const folder = mkdtempSync(join(tmpdir(), 'longitude-upgrade-'))
  closing.push(() => rmSync(folder, { recursive: true, force: true }))
  const pair = await OldAndNew.start(folder)
  closing.push(() => pair.close())
  return pair
}

/** A write on each side arrives on the other, and so does the removal of it. */
async function bothWays({ sides }: OldAndNew): Promise<void> {
  const key = (side: Side) => ({ customer: { S: 'both-ways' }, order: { N: `${sides.indexOf(side)}` } })
  const there = async ({ client }: Side): Promise<number> =>
    (await answersOf(client)).tables['orders']?.items.filter((item) => JSON.stringify(item).includes('both-ways'))
      .length ?? -1
  for (const side of sides) await side.client.send(new PutItemCommand({ TableName: 'orders', Item: key(side) }))
  for (const side of sides) await until(`${side.name} has both`, async () => (await there(side)) === sides.length)
  for (const side of sides) await side.client.send(new DeleteItemCommand({ TableName: 'orders', Key: key(side) }))
  for (const side of sides) await until(`${side.name} has neither`, async () => (await there(side)) === 0)
}
