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

const newProgram = join(root, 'dist', 'node', 'cli.js')
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
      await pair.startNode(side, newProgram)
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
  it.skipIf(program === undefined)('works beside this version while regions are upgraded one by one', async () => {
    if (program === undefined) throw new Error(historyMissing(version))
    const pair = await start()
    for (const side of pair.sides) {
      layStore(version.version, side.name, side.data)
      await pair.startNode(side, program)
    }
    for (const side of pair.sides) {
      await pair.stopNode(side)
      await pair.startNode(side, newProgram)
      await bothWays(pair)
    }
  })
})

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
