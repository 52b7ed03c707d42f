/**
 * Fills the node's store from that of another node, when the entries that it needs are gone, or what it has is new or not to be trusted.
 *
 *   the other   ──●──────── rows are read ────────●──────▶ order
 *                 place 41                        place 57
 *   this one      rows, then the entries 42 … 57 once more, then 58 …
 *
 * Entries are puts and deletes of bytes, so applying one again is right. Before the second place the rows are of different moments, and
 * nothing is served from them (`wholeFrom`). A mark in the store says so while rows are missing: a process that starts then begins again.
 */
import { BackOff } from '../../../core/back-off.ts'
import { nodeClearRowsMax, nodeRetryMsMax, nodeRetryMsMin } from '../../../core/limits/nodes-limits.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import type { Edit, Store } from '../../../ports/store.ts'
import { type LendAnswer, lendAnswerIn, pageQuestion, placeQuestion, type StorePage } from './store-pages.ts'
import { copyingEdit, type NodePlace, placeEdit, sharedKeys } from './node-place.ts'

/** Asks another node; its answer is what `lend` gives there. Rejects when it cannot be asked. */
export type AskNode = (node: string, question: Buffer) => Promise<Buffer>

export type CopyingOptions = {
  readonly store: Store
  /** The other nodes. */
  readonly others: readonly string[]
  readonly ask: AskNode
  readonly clock: Pick<Clock, 'sleep'>
  readonly log: Log
  readonly isWanted: () => boolean
  readonly onProgress: (from: string, rows: number) => void
  /** The entries after this place are needed. */
  readonly onBegun: (place: NodePlace) => void
}

/** Resolves with the place from which entries are to be applied, which is durable; undefined when it is not wanted any more. */
export async function copyStore(options: CopyingOptions): Promise<NodePlace | undefined> {
  const { others, clock, log, isWanted } = options
  const backOff = new BackOff(nodeRetryMsMin, nodeRetryMsMax)
  for (let attempt = 0; isWanted(); attempt++) {
    const from = others[attempt % others.length]
    if (from === undefined) return undefined
    try {
      return await copyFrom(from, options)
    } catch (error) {
      log.debug('the store of another node cannot be copied now', { from, error: String(error) })
      await clock.sleep(backOff.next())
    }
  }
  return undefined
}

async function copyFrom(from: string, options: CopyingOptions): Promise<NodePlace | undefined> {
  const { store, ask, isWanted, onProgress, onBegun } = options
  const place = await placeAt(from, ask)
  onBegun(place)
  onProgress(from, 0)
  await store.write([copyingEdit(true)])
  await clear(store)
  let [after, rows, isLast] = [Buffer.alloc(0), 0, false]
  while (!isLast) {
    if (!isWanted()) return undefined
    const page: StorePage = await pageAt(from, after, ask)
    if (page.edits.length > 0) await store.write(page.edits)
    after = Buffer.from(page.edits.at(-1)?.key ?? after)
    rows += page.edits.length
    isLast = page.isLast
    onProgress(from, rows)
  }
  const { sequence } = await placeAt(from, ask)
  const begun = { ...place, wholeFrom: sequence > place.sequence ? sequence : undefined }
  await store.write([placeEdit(begun), copyingEdit(false)])
  return begun
}

async function placeAt(from: string, ask: AskNode): Promise<NodePlace> {
  const answer = await asked(from, placeQuestion, ask)
  if ('place' in answer) return answer.place
  throw new Error(`${from} gave no place`)
}

async function pageAt(from: string, after: Buffer, ask: AskNode): Promise<StorePage> {
  const answer = await asked(from, pageQuestion(after), ask)
  if ('page' in answer) return answer.page
  throw new Error(`${from} gave no page`)
}

async function asked(from: string, question: Buffer, ask: AskNode): Promise<Exclude<LendAnswer, 'refused'>> {
  const answer = lendAnswerIn(await ask(from, question))
  if (answer === undefined || answer === 'refused') throw new Error(`${from} lends nothing now`)
  return answer
}

async function clear(store: Store): Promise<void> {
  for (const range of sharedKeys)
    for (;;) {
      const edits: Edit[] = []
      for (const key of store.keys({ ...range, limit: nodeClearRowsMax }))
        edits.push({ key: Buffer.from(key), value: undefined })
      if (edits.length === 0) break
      await store.write(edits)
    }
}
