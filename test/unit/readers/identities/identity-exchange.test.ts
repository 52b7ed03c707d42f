/** How often a region asks its peers about identities. */
import { expect, it } from 'vitest'
import { PeerAway } from '../../../../src/ports/peer-archives.ts'
import type { SharedAnswer, SharedIdentities } from '../../../../src/ports/shared-identities.ts'
import { identityExchange } from '../../../../src/readers/identities/identity-exchange.ts'

function scene(shared: Partial<SharedIdentities>, ask: (peer: string, question: string) => Promise<string>) {
  let nowMs = 0
  let due: (() => void) | undefined
  const warned: string[] = []
  const clock = {
    monotonicMs: () => nowMs,
    after: (_: number, work: () => void) => {
      due = work
      return () => (due = undefined)
    },
  }
  const env = { clock, log: { warn: (event: string) => void warned.push(event) }, meter: { count: () => {} } }
  const asked: string[] = []
  const service = identityExchange({
    env: env as never,
    shared: {
      question: (after) => `from ${after ?? 'the start'}`,
      answer: () => '',
      take: async () => Promise.resolve(0),
      ...shared,
    } as SharedIdentities,
    peers: () => ['eu-west-1'],
    ask: async (peer, question) => {
      asked.push(`${nowMs / 1000} s: ${question}`)
      return await ask(peer, question)
    },
  })
  const run = async (turns: number): Promise<readonly string[]> => {
    void service.start()
    for (let n = 0; n < turns; n++) {
      nowMs += 2000
      const work = due
      due = undefined
      work?.()
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    }
    return asked
  }
  return { run, warned }
}

const nothing: SharedAnswer = { things: [] }

it('every two seconds; what does not fit one answer is asked for in parts, and taken together', async () => {
  const taken: number[] = []
  const { run } = scene(
    {
      read: (text) => (text === '1' ? { things: [1, 2], after: 'b' } : { things: [3] }),
      take: async (answers) => {
        taken.push(answers.flatMap(({ things }) => things).length)
        return await Promise.resolve(0)
      },
    },
    async (_, question) => await Promise.resolve(question === 'from the start' ? '1' : '2'),
  )
  expect(await run(2)).toEqual(['2 s: from the start', '2 s: from b', '4 s: from the start', '4 s: from b'])
  expect(taken).toEqual([3, 3])
})

it('less often where the peer says what is left out here', async () => {
  const { run } = scene(
    { read: () => ({ things: ['of a later version'] }), take: async () => await Promise.resolve(1) },
    async () => await Promise.resolve(''),
  )
  expect(await run(8)).toEqual(['2 s: from the start', '12 s: from the start'])
})

it('a peer that is away is asked again, and a failure is told', async () => {
  let isAway = true
  const { run, warned } = scene(
    {
      read: () => {
        throw new RangeError('sealed with a key that is not known')
      },
    },
    async () => await (isAway ? Promise.reject(new PeerAway('cut')) : Promise.resolve('')),
  )
  await run(1)
  expect(warned).toEqual([])
  isAway = false
  await run(1)
  expect(warned).toEqual(['identities of a peer wait'])
})

it('not at all while nothing is shared', async () => {
  const { run } = scene({ question: () => undefined, read: () => nothing }, async () => await Promise.resolve(''))
  expect(await run(3)).toEqual([])
})
