import { describe, expect, test } from 'vitest'
import { backupsIn, recoveryIn, shareOf, spanOf } from '../../../src/console/model/backup-view.ts'
import { partTold } from '../../../src/console/model/told-commands.ts'
import { parseDrill } from '../../../src/drills/definition/parse-drill.ts'

describe('the line of time', () => {
  const summary = {
    BackupArn: 'arn:1',
    BackupName: 'one',
    TableName: 'T',
    BackupCreationDateTime: 100,
    BackupStatus: 'AVAILABLE',
    BackupSizeBytes: 7,
  }

  test('has backups, the newest first, and the window of recovery', () => {
    const told = backupsIn({
      BackupSummaries: [summary, { ...summary, BackupArn: 'arn:2', BackupCreationDateTime: 200 }],
    })
    expect(told.map(({ arn, atMs }) => [arn, atMs])).toEqual([
      ['arn:2', 200_000],
      ['arn:1', 100_000],
    ])
    const recovery = {
      PointInTimeRecoveryStatus: 'ENABLED',
      EarliestRestorableDateTime: 1,
      LatestRestorableDateTime: 2,
    }
    const description = { ContinuousBackupsDescription: { PointInTimeRecoveryDescription: recovery } }
    expect(recoveryIn(description)).toEqual({ from: 1000, to: 2000 })
    expect(recoveryIn({})).toBeUndefined()
    expect(backupsIn({ BackupSummaries: 'x' })).toEqual([])
  })

  test('is as long as what is on it, and never of no length', () => {
    const span = spanOf([50_000, 150_000], 250_000)
    expect(span).toEqual({ from: 50_000, to: 250_000 })
    expect(shareOf(150_000, span)).toBe(50)
    expect(spanOf([], 1e12).to - spanOf([], 1e12).from).toBeGreaterThan(0)
  })
})

test.each(['kill', 'freeze'] as const)('a process that is broken is a step that a drill takes: %s', (kind) => {
  const { step } = partTold({ region: 'us-east-1', part: 'node', kind, seconds: 30 })
  expect(parseDrill(`name: pasted\ntitle: Pasted\nsteps:\n  ${step}\n`, 'pasted.yaml').steps).toHaveLength(1)
})
