/** Holds the history of a test against its verdict, and keeps it in a file where it fails. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { check } from '../linearizability/check.ts'
import { drawingOf } from '../linearizability/drawing.ts'
import { historyText } from '../linearizability/history.ts'
import { offenceIn } from '../linearizability/offence.ts'
import type { Recorder } from '../linearizability/recorder.ts'

export function expectLinearizable(recorder: Recorder): void {
  const history = recorder.history()
  const folder = mkdtempSync(join(tmpdir(), 'longitude-history-'))
  const path = join(folder, 'history.jsonl')
  writeFileSync(path, historyText(history), { mode: 0o600 })
  const result = check(history)
  const drawing =
    result.verdict === 'not linearizable' ? drawingOf(result.key, offenceIn(null, result.refuted)) : undefined
  expect(result.verdict, `${path}\n${drawing}`).toBe('linearizable')
  const answered = history.operations.filter(({ outcome }) => outcome === 'ok' || outcome === 'fail')
  expect(answered.length).toBeGreaterThan(100)
  console.log(`${history.operations.length} operations, ${answered.length} answered with a result`)
  rmSync(folder, { recursive: true })
}
