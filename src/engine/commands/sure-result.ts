/**
 * Answers of a region whose nodes take turns in leading it (docs/design/nodes.md). Another node may lead by now without this one knowing. What
 * is written is in the order of the nodes, and so is sure. An answer that writes nothing waits until it is known that no other node led when it
 * was decided.
 */
import type { Command, CommitResult, EachResult, OnceResult } from './command.ts'

export async function sureResult<Result>(
  { kind }: Command,
  result: Promise<Result>,
  latest: () => Promise<void>,
): Promise<Result> {
  const came = await result
  if (!hasWritten(kind, came)) await latest()
  return came
}

function hasWritten(kind: Command['kind'], result: unknown): boolean {
  if (kind === 'commit') return isChange(result as CommitResult)
  if (kind === 'each') return (result as readonly EachResult[]).every(isChange)
  if (kind !== 'once') return true
  const once = result as OnceResult
  // Its token is written also when nothing else is.
  return once.done === 'now' && once.result.accepted
}

const isChange = (result: EachResult): boolean => result.accepted && result.outcomes.some(({ changed }) => changed)
