/** Regions of version 0.1.0, from the repository's own history, are upgraded one after the other while clients write: nothing that was acknowledged is lost. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../chaos/until.ts'
import { prepareProgram } from '../cli/command-line.ts'
import { answersOf, layStore } from './fixture.ts'
import { OldAndNew, type Side } from './old-and-new.ts'
import { historyMissing, programOf, released } from './released.ts'

/** In each region, and in each part of the upgrade. */
const writesLeast = 20
const everyMs = 20
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A client of one region that writes one item after the other, and goes on when its region does not answer. */
class Writer {
  readonly acknowledged: string[] = []
  readonly #side: Side
  readonly #stopped = new AbortController()
  readonly #ended: Promise<void>

  constructor(side: Side) {
    this.#side = side
    this.#ended = this.#write()
  }

  async more(): Promise<void> {
    const wanted = this.acknowledged.length + writesLeast
    await until(`${this.#side.name} has taken more writes`, () => Promise.resolve(this.acknowledged.length >= wanted))
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#ended
  }

  async #write(): Promise<void> {
    for (let n = 0; !this.#stopped.signal.aborted; n++) {
      const customer = `${this.#side.name}-${n}`
      const Item = { customer: { S: customer }, order: { N: '1' } }
      await this.#side.client
        .send(new PutItemCommand({ TableName: 'orders', Item }), { abortSignal: AbortSignal.timeout(5000) })
        .then(
          () => void this.acknowledged.push(customer),
          // Its region is being upgraded: it was told nothing, and asks nothing of that write.
          () => undefined,
        )
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
}

describe.each(released)('version $version', { timeout: 240_000 }, (version) => {
  const program = programOf(version)
  if (program === undefined) console.error(`\n${historyMissing(version)}\n`)

  it.skipIf(program === undefined)('is upgraded region by region under load, and loses nothing', async () => {
    if (program === undefined) throw new Error(historyMissing(version))
    prepareProgram()
    const folder = mkdtempSync(join(tmpdir(), 'longitude-upgrade-'))
    closing.push(() => rmSync(folder, { recursive: true, force: true }))
    const pair = await OldAndNew.start(folder)
    closing.push(() => pair.close())
    for (const side of pair.sides) {
      layStore(version.version, side.name, side.data)
      await pair.startOld(side, program)
    }
    const writers = pair.sides.map((side) => new Writer(side))
    const allWriteMore = async (): Promise<void> => void (await Promise.all(writers.map((writer) => writer.more())))
    await allWriteMore()
    for (const side of pair.sides) {
      await pair.stopNode(side)
      await pair.startNew(side, { admits: true })
      await allWriteMore()
    }
    await Promise.all(writers.map((writer) => writer.stop()))
    const written = writers.flatMap(({ acknowledged }) => acknowledged)
    expect(written.length).toBeGreaterThanOrEqual(writers.length * writesLeast * (pair.sides.length + 1))
    for (const side of pair.sides)
      await until(`${side.name} has all that was acknowledged`, async () => {
        const there = new Set(await customersIn(side))
        return written.every((customer) => there.has(customer))
      })
  })
})

async function customersIn({ client }: Side): Promise<readonly string[]> {
  const items = (await answersOf(client)).tables['orders']?.items ?? []
  return items.map((item) => (item as { customer: { S: string } }).customer.S)
}
