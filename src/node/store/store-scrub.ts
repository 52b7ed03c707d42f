/**
 * Watches the pages of a node's store while the node runs. A node whose store is damaged must not answer from it: it stops, and its next
 * start moves the store away and fills a new one from the peers. One part in a hundred of the event loop goes into it.
 */
import type { LmdbScrub } from '../../adapters/lmdb/lmdb-scrub.ts'
import { scrubPauseMs, scrubRoundMsMin, scrubStepMs, scrubUrgentStepMs } from '../../core/limits/limits.ts'
import { messageOf } from '../../process/failure.ts'

export type StoreScrub = {
  /** A request failed in a way that damage could explain: all pages are checked now. */
  readonly suspect: (error: unknown) => void
  readonly stop: () => void
}

/** Calls `onDamage` once, with the reason. */
export function scrubStore(folder: string, scrub: LmdbScrub, onDamage: (reason: string) => void): StoreScrub {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  /** The failure that is being looked into. */
  let suspicion: { readonly error: unknown; readonly untilRound: number } | undefined
  const found = (what: string): void => {
    stop()
    onDamage(
      `the store in ${folder} was damaged while this node ran (${what}); the node stops, and its next start moves the store away and fills a new one from its peers`,
    )
  }
  const next = (afterMs: number): void => {
    clearTimeout(timer)
    if (!stopped) timer = setTimeout(step, afterMs).unref()
  }
  const step = (): void => {
    const rounds = scrub.rounds
    const damage = damageIn(scrub, suspicion === undefined ? scrubStepMs : scrubUrgentStepMs)
    if (damage !== undefined) return found(damage)
    if (suspicion === undefined) return next(scrub.rounds > rounds ? scrubRoundMsMin : scrubPauseMs)
    if (scrub.rounds < suspicion.untilRound) return next(0)
    const { error } = suspicion
    suspicion = undefined
    if (isOfLmdb(error)) found(messageOf(error))
    else next(scrubRoundMsMin)
  }
  const stop = (): void => {
    if (stopped) return
    stopped = true
    clearTimeout(timer)
    scrub.close()
  }
  next(scrubPauseMs)
  return {
    suspect: (error) => {
      if (stopped || suspicion !== undefined) return
      scrub.restart()
      suspicion = { error, untilRound: scrub.rounds + 1 }
      next(0)
    },
    stop,
  }
}

/** Checks pages for so long; undefined where none is damaged. */
function damageIn(scrub: LmdbScrub, forMs: number): string | undefined {
  try {
    return scrub.step(forMs)
  } catch (error) {
    // The disk does not answer: what it says later counts.
    return isOfDisk(error) ? undefined : messageOf(error)
  }
}

/** LMDB says that its own file is wrong: it is not asked again, whatever our check finds. */
function isOfLmdb(error: unknown): boolean {
  return /MDB_(CORRUPTED|PAGE_NOTFOUND|BAD_TXN|PANIC|INVALID|PAGE_FULL|CURSOR_FULL)/.test(messageOf(error))
}

function isOfDisk(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}
