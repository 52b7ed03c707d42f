/** What a replicated order relies on, of every quorum: run by one test file per adapter. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Quorum, type QuorumEntry, type QuorumStream, QuorumUnavailable } from '../../src/ports/quorum.ts'

export type QuorumUnderTest = {
  /** Three of them, each with the quorum of its process. */
  readonly members: readonly { readonly name: string; readonly quorum: Quorum }[]
  /** The member's server is away, and comes back with what it has on disk. */
  readonly stop: (name: string) => Promise<void>
  readonly start: (name: string) => Promise<void>
  readonly remove: () => Promise<void>
}

export type QuorumContractOptions = {
  /** A leader that has died is replaced, and a server that comes back has caught up, within this time. */
  readonly patienceMs: number
}

type Taken = { readonly entries: QuorumEntry[]; readonly gaps: number[]; stop(): Promise<void> }
const group = 'a-group'
const textsOf = ({ entries }: Taken): string[] => entries.map(({ bytes }) => bytes.toString())
const sequencesOf = ({ entries }: Taken): number[] => entries.map(({ sequence }) => sequence)

function follow(stream: QuorumStream, after = 0): Taken {
  const [entries, gaps]: [QuorumEntry[], number[]] = [[], []]
  const following = stream.follow(after, (entry) => void entries.push(entry), { onGap: (first) => gaps.push(first) })
  return { entries, gaps, stop: () => following.stop() }
}

export function quorumContract(
  name: string,
  open: () => Promise<QuorumUnderTest>,
  options: QuorumContractOptions,
): void {
  const patience = { timeout: options.patienceMs, interval: 10 }
  const limitMs = 3 * options.patienceMs

  describe(name, () => {
    let tested: QuorumUnderTest
    let streams: readonly [QuorumStream, QuorumStream, QuorumStream]

    beforeEach(async () => {
      tested = await open()
      const names = tested.members.map((member) => member.name)
      const [a, b, c] = await Promise.all(
        tested.members.map(({ quorum }) => vi.waitFor(() => quorum.open(group, names), patience)),
      )
      streams = [a, b, c] as typeof streams
    }, limitMs)

    afterEach(() => tested.remove(), limitMs)

    /** Under the same id until it has a place. */
    const append = (stream: QuorumStream, text: string): Promise<number> =>
      vi.waitFor(() => stream.append(text, Buffer.from(text)), patience)

    const nameOf = (n: number): string => tested.members[n]?.name ?? ''

    it(
      'gives every member the same entries in the same order, each once',
      async () => {
        const taken = streams.map((stream) => follow(stream))
        const texts = Array.from({ length: 30 }, (_, n) => `entry ${n}`)
        const places = await Promise.all(texts.map((text, n) => append(streams[n % 3] ?? streams[0], text)))
        expect([...places].toSorted((a, b) => a - b)).toEqual(texts.map((_, n) => n + 1))
        await vi.waitFor(() => expect(taken.map(({ entries }) => entries.length)).toEqual([30, 30, 30]), patience)
        expect(taken.map(sequencesOf)).toEqual(taken.map(() => texts.map((_, n) => n + 1)))
        for (const one of taken) {
          expect(textsOf(one)).toEqual(textsOf(taken[0] as Taken))
          expect(places.map((place) => textsOf(one)[place - 1])).toEqual(texts)
          expect(one.entries.map(({ id }) => id)).toEqual(textsOf(one))
          expect(one.entries.map(({ atMs }) => atMs)).toEqual(taken[0]?.entries.map(({ atMs }) => atMs))
        }
        for (const one of taken) await one.stop()
      },
      limitMs,
    )

    it(
      'gives one id one place, and answers with it',
      async () => {
        const first = await append(streams[0], 'x')
        expect(await append(streams[0], 'x')).toBe(first)
        expect(await append(streams[1], 'x')).toBe(first)
        expect(await append(streams[1], 'y')).toBe(first + 1)
      },
      limitMs,
    )

    it(
      'follows from any place on',
      async () => {
        for (const text of ['a', 'b', 'c']) await append(streams[0], text)
        const taken = follow(streams[2], 1)
        await vi.waitFor(() => expect(textsOf(taken)).toEqual(['b', 'c']), patience)
        await append(streams[1], 'd')
        await vi.waitFor(() => expect(sequencesOf(taken)).toEqual([2, 3, 4]), patience)
        await taken.stop()
      },
      limitMs,
    )

    it(
      'gives the next entry only when the one before has been taken, and none once stopped',
      async () => {
        const taken: string[] = []
        let goOn: () => void = () => {}
        const take = ({ bytes }: QuorumEntry): Promise<void> => {
          taken.push(bytes.toString())
          return new Promise((resolve) => (goOn = resolve))
        }
        const following = streams[0].follow(0, take, { onGap: () => {} })
        for (const text of ['a', 'b', 'c']) await append(streams[0], text)
        await vi.waitFor(() => expect(taken).toEqual(['a']), patience)
        goOn()
        await vi.waitFor(() => expect(taken).toEqual(['a', 'b']), patience)
        const stopped = following.stop()
        goOn()
        await stopped
        await append(streams[0], 'd')
        expect(taken).toEqual(['a', 'b'])
      },
      limitMs,
    )

    it(
      'tells a follower that begins before what has been trimmed, and gives the others all',
      async () => {
        for (const text of ['a', 'b', 'c', 'd']) await append(streams[0], text)
        await streams[0].trim(2)
        const early = follow(streams[0], 1)
        await vi.waitFor(() => expect(early.gaps).toEqual([3]), patience)
        expect(early.entries).toEqual([])
        const late = follow(streams[0], 2)
        await vi.waitFor(() => expect(sequencesOf(late)).toEqual([3, 4]), patience)
        for (const one of [early, late]) await one.stop()
      },
      limitMs,
    )

    it(
      'goes on numbering when all of it has been trimmed',
      async () => {
        for (const text of ['a', 'b']) await append(streams[0], text)
        await streams[1].trim(2)
        expect(await append(streams[1], 'c')).toBe(3)
        const taken = follow(streams[1], 2)
        await vi.waitFor(() => expect(textsOf(taken)).toEqual(['c']), patience)
        await taken.stop()
      },
      limitMs,
    )

    it.each([0, 1, 2])(
      'goes on without any one server (%i), which catches up',
      async (away) => {
        const [mine, other] = [streams[(away + 1) % 3], streams[(away + 2) % 3]] as [QuorumStream, QuorumStream]
        await append(mine, 'before')
        await tested.stop(nameOf(away))
        await append(mine, 'without')
        await append(other, 'after')
        expect(mine.state()).toBe('majority')
        await tested.start(nameOf(away))
        const back = follow(streams[away] as QuorumStream)
        await vi.waitFor(() => expect(textsOf(back)).toEqual(['before', 'without', 'after']), patience)
        await back.stop()
      },
      limitMs,
    )

    it(
      'places nothing without a majority, and then what it is given again',
      async () => {
        await append(streams[0], 'before')
        for (const away of [1, 2]) await tested.stop(nameOf(away))
        await vi.waitFor(() => expect(streams[0].state()).toBe('minority'), patience)
        await expect(streams[0].append('x', Buffer.from('x'))).rejects.toBeInstanceOf(QuorumUnavailable)
        const taken = follow(streams[0])
        await vi.waitFor(() => expect(textsOf(taken)).toEqual(['before']), patience)
        for (const away of [1, 2]) await tested.start(nameOf(away))
        await append(streams[0], 'x')
        await append(streams[1], 'y')
        await vi.waitFor(() => expect(textsOf(taken)).toEqual(['before', 'x', 'y']), patience)
        await taken.stop()
      },
      limitMs,
    )

    it(
      'is gone when it is removed, and begins at 1 when it is opened again',
      async () => {
        await append(streams[0], 'a')
        const [first] = tested.members
        await first?.quorum.remove(group)
        await first?.quorum.remove(group)
        const names = tested.members.map((member) => member.name)
        const again = await vi.waitFor(() => (first as { quorum: Quorum }).quorum.open(group, names), patience)
        expect(await append(again, 'b')).toBe(1)
      },
      limitMs,
    )

    it(
      'keeps groups apart',
      async () => {
        const names = tested.members.map((member) => member.name)
        const [first] = tested.members
        const other = await vi.waitFor(() => (first as { quorum: Quorum }).quorum.open('another', names), patience)
        await append(other, 'b')
        expect(await append(streams[0], 'a')).toBe(1)
        const taken = follow(streams[0])
        await vi.waitFor(() => expect(textsOf(taken)).toEqual(['a']), patience)
        await taken.stop()
      },
      limitMs,
    )
  })
}
