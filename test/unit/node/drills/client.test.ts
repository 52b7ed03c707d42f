import { describe, expect, it } from 'vitest'
import { type Load, stepSchemas } from '../../../../src/drills/definition/definition.ts'
import type { Operation } from '../../../../src/drills/definition/drill-record.ts'
import { Client } from '../../../../src/drills/run/load/client.ts'
import { seeded } from '../../../../src/drills/run/load/seeded.ts'
import { NoAnswer, type Place, Refusal, type Wire } from '../../../../src/drills/run/load/wire.ts'
import { until } from '../../../chaos/until.ts'

type Answer = () => Promise<Readonly<Record<string, unknown>>>
type World = {
  readonly answers: Record<string, Answer>
  readonly operations: Operation[]
  readonly asked: { readonly region: string; readonly item: unknown }[]
}

const done: Answer = async () => await Promise.resolve({})
const silent: Answer = async () => await Promise.reject(new NoAnswer('no answer', false))
const gone: Answer = async () => await Promise.reject(new NoAnswer('refused', true))
const no: Answer = async () => await Promise.reject(new Refusal(400, 'ResourceNotFoundException', 'no such table'))
const home = { region: 'a', endpoint: 'http://a' }
const others = [
  { region: 'b', endpoint: 'http://b' },
  { region: 'c', endpoint: 'http://c' },
]

function world(): World {
  return { answers: { a: done, b: done, c: done }, operations: [], asked: [] }
}

/** A writer while the work lasts, and what it has recorded. */
async function writing(
  { answers, operations, asked }: World,
  load: Partial<Load>,
  work: (client: Client) => Promise<void>,
) {
  const wire = {
    send: async ({ region }: Place, _: string, input: { readonly Item?: unknown }) => {
      asked.push({ region, item: input.Item })
      return await (answers[region] ?? gone)()
    },
  } as unknown as Wire
  const client = new Client({
    kind: 'write',
    name: 'a-writer1',
    home,
    others,
    load: { ...stepSchemas.load.parse({}), rate: 200, attempts: 2, ...load },
    table: 'drill',
    wire,
    random: seeded(1, 'a-writer1'),
    roundTripMs: () => 0,
    record: (operation) => operations.push(operation),
    known: [],
  })
  client.start()
  await work(client)
  await client.stop()
  return operations
}

async function served(operations: readonly Operation[], region: string): Promise<void> {
  await until(`${region} serves`, () => Promise.resolve(operations.at(-1)?.served === region))
}

describe('a client', () => {
  it('tries again as an SDK does, then goes to the next region, and comes back when its own answers again', async () => {
    const here = world()
    const operations = await writing(here, { failback: 100 }, async () => {
      await served(here.operations, 'a')
      here.answers['a'] = silent
      await served(here.operations, 'b')
      here.answers['a'] = done
      await served(here.operations, 'a')
    })
    const failed = operations.filter(({ fate }) => fate !== 'acknowledged')
    expect(failed).toMatchObject([{ fate: 'unknown', attempts: 2, served: 'a' }])
  })

  it('goes on to the third region when the second fails too', async () => {
    const here = world()
    Object.assign(here.answers, { a: gone, b: no })
    await writing(here, { failback: 'never' }, async () => await served(here.operations, 'c'))
    expect(here.operations.slice(0, 2)).toMatchObject([
      { fate: 'refused', attempts: 2, served: 'a' },
      { fate: 'refused', attempts: 1, served: 'b' },
    ])
  })

  it('stays where it is when the drill says so', async () => {
    const here = world()
    here.answers['a'] = silent
    await writing(here, { failover: 'none' }, async () => {
      await until('three have failed', () => Promise.resolve(here.operations.length >= 3))
    })
    expect(new Set(here.asked.map(({ region }) => region))).toEqual(new Set(['a']))
  })

  it('that is moved uses the other region, and does not look after its own', async () => {
    const here = world()
    await writing(here, {}, async (client) => {
      await served(here.operations, 'a')
      client.move({ region: 'c', endpoint: 'http://c' })
      await served(here.operations, 'c')
      const before = here.asked.length
      await until('it writes on', () => Promise.resolve(here.asked.length > before + 5))
      expect(here.asked.slice(before).map(({ region }) => region)).not.toContain('a')
    })
  })

  it('writes the same again with the same seed', async () => {
    const firsts = await Promise.all(
      [1, 2].map(async () => {
        const here = world()
        await writing(here, { 'shared writes': 50 }, async () => {
          await until('it has written', () => Promise.resolve(here.operations.length >= 10))
        })
        return here.operations.slice(0, 10).map(({ key, value }) => [key, value])
      }),
    )
    expect(firsts[0]).toEqual(firsts[1])
    expect(new Set(firsts[0]?.map(([, value]) => value)).size).toBe(10)
  })
})
