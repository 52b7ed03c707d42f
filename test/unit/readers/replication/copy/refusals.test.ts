/** A peer that refuses has said nothing of what it has: no reader may take that for the end of a table. */
import { expect, it } from 'vitest'
import { decodeRequest, encodeControl, type SharedTable } from '../../../../../src/core/change/control.ts'
import { encodeRows } from '../../../../../src/core/change/rows.ts'
import { encodeRow } from '../../../../../src/core/item/row.ts'
import type { Replica } from '../../../../../src/core/table/table.ts'
import type { Engine } from '../../../../../src/engine/engine.ts'
import { Mutex } from '../../../../../src/readers/replication/flow/mutex.ts'
import { recoverOrphan } from '../../../../../src/readers/replication/replicas/orphan-recovery.ts'
import { Declined, Questions } from '../../../../../src/readers/replication/talk/questions.ts'
import {
  Emptied,
  mergeFrom,
  type Transfers,
  transferState,
} from '../../../../../src/readers/replication/copy/transfer.ts'
import { Pace } from '../../../../../src/readers/replication/talk/line-pace.ts'
import type { Session } from '../../../../../src/readers/replication/talk/session.ts'

const stamp = { wallMs: 1, counter: 0, region: 2 }
const row = encodeRow({ stamp, seen: [], tombstone: false, itemSizeBytes: 0, body: Buffer.from('{}') })
const rowsOf = (...keys: string[]) => keys.map((key) => ({ key: Buffer.from(key), row }))
const refusal = encodeControl({ say: 'refused', reason: 'this region has just started' })

const peer = { name: 'eu', number: 2 }

/** A peer with the rows a and b of table t; the n-th question for rows is answered by `answers`, if that says so. */
function peerThat(answers: (n: number) => Buffer | undefined, tables: () => readonly SharedTable[] = hasIt): Session {
  let asked = 0
  const request = async (payload: Buffer): Promise<Buffer> => {
    const question = decodeRequest(payload)
    if (question.say === 'tables') return encodeControl({ say: 'tables', tables: tables() })
    if (question.say === 'registers') return encodeRows({ rows: [], done: true })
    if (question.say === 'log') return encodeControl({ say: 'gone', epoch: 'e', oldest: 5, flushed: 9 })
    if (question.say === 'cursors')
      return encodeControl({ say: 'cursors', region: 'eu', epoch: 'e', flushed: 9, cursors: [] })
    if (question.say === 'hello') return encodeControl(here)
    if (question.say !== 'rows') throw new Error(question.say)
    const rows =
      question.after === undefined
        ? rowsOf('a')
        : rowsOf('b').filter(({ key }) => key.compare(Buffer.from(question.after ?? '', 'base64')) > 0)
    return answers(++asked) ?? encodeRows({ rows, done: rows.length === 0 })
  }
  const state = async () => ({ firstSequence: 1, lastSequence: 3 })
  return { request, state, pace: new Pace() } as unknown as Session
}

const here = {
  say: 'here',
  region: 'eu',
  number: 2,
  epoch: 'e',
  flushed: 9,
  sent: 9,
  published: 9,
  wallMs: 1,
  clock: { wallMs: 1, counter: 0 },
  seen: [],
} as const

const hasIt = () => [{ id: 't', complete: true, items: 2 }]
const begins = () => [{ id: 't', complete: false, items: 0 }]

function regionWithTable() {
  const merged: string[] = []
  const notes = new Map<string, unknown>()
  const cursors = new Map<string, unknown>()
  const engine = {
    region: { name: 'us', number: 1 },
    epoch: 'u',
    note: (name: string) => notes.get(name),
    setNote: async (name: string, value: unknown) => void notes.set(name, value),
    cursor: (name: string) => cursors.get(name),
    setCursor: async (name: string, cursor: unknown) => void cursors.set(name, cursor),
    tableWithId: (id: string) => (id === 't' ? {} : undefined),
    tables: () => [{ id: 't', replicas: [{ region: 'us' }, { region: 'eu' }] }],
    regionNumbers: { remember: async () => undefined },
    mergeRegisters: async () => undefined,
    merge: async (_: string, rows: readonly { key: Buffer }[]) =>
      void merged.push(...rows.map(({ key }) => String(key))),
  } as unknown as Engine
  const log = { info: () => undefined }
  const deps = {
    env: { log },
    engine,
    peers: [peer],
    mutex: new Mutex(),
    emptied: new Emptied(),
    onRegisters: () => undefined,
  }
  return { deps: deps as unknown as Transfers, engine, merged, cursors }
}

const second = (n: number) => (n === 2 ? refusal : undefined)

it('a transfer ends where the peer refuses, and the next goes on', async () => {
  const { deps, merged, cursors } = regionWithTable()
  await expect(transferState(deps, peerThat(second), peer, 'e')).rejects.toThrow(Declined)
  expect(cursors.size).toBe(0)
  await transferState(
    deps,
    peerThat(() => undefined),
    peer,
    'e',
  )
  expect(new Set(merged)).toEqual(new Set(['a', 'b']))
  expect(cursors.get('eu')).toMatchObject({ epoch: 'e', position: 9 })
})

it('a transfer goes past a table that the peer itself no longer calls complete, and reads the log from its oldest position', async () => {
  const { deps, cursors } = regionWithTable()
  let asked = 0
  const leaves = () => (asked++ === 0 ? hasIt() : [{ id: 't', complete: false, items: 0 }])
  await transferState(deps, peerThat(second, leaves), peer, 'e')
  expect(cursors.get('eu')).toMatchObject({ epoch: 'e', position: 4 })
})

it('a merge of what only a peer knows ends where the peer refuses', async () => {
  const { deps, merged } = regionWithTable()
  await expect(mergeFrom(deps, peerThat(second))).rejects.toThrow(Declined)
  await mergeFrom(
    deps,
    peerThat(() => undefined),
  )
  expect(merged).toEqual(['a', 'a', 'b'])
})

it('a table is inherited only when every other replica has sent all that it has', async () => {
  const { engine, merged } = regionWithTable()
  const replicas: Replica[] = ['us', 'eu'].map((region) => ({ region, status: 'CREATING' }))
  const from = (session: Session) => recoverOrphan({ engine, peers: [peer], sessionTo: () => session }, 't', replicas)
  await expect(from(peerThat(second, begins))).rejects.toThrow(Declined)
  await expect(from(peerThat(() => refusal, begins))).rejects.toThrow(Declined)
  expect(
    await from(
      peerThat(
        () => undefined,
        () => [],
      ),
    ),
  ).toBe(false)
  merged.length = 0
  expect(await from(peerThat(() => undefined, begins))).toBe(true)
  expect(merged).toEqual(['a', 'b'])
})

it('a part of a table that goes back, or is empty and not the last, is an error of the peer', async () => {
  const ask = (rows: ReturnType<typeof rowsOf>, done: boolean) =>
    new Questions(
      peerThat(() => encodeRows({ rows, done })),
      'us',
    ).rows('t', Buffer.from('m'))
  await expect(ask(rowsOf('b', 'a'), false)).rejects.toThrow(RangeError)
  await expect(ask(rowsOf('a'), false)).rejects.toThrow(RangeError)
  await expect(ask([], false)).rejects.toThrow(RangeError)
  expect((await ask(rowsOf('n', 'o'), false)).rows.length).toBe(2)
})
