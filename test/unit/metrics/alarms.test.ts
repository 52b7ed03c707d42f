import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AlarmSettings, MissingData } from '../../../src/core/alarms/alarm.ts'
import { missingDataTreatments } from '../../../src/core/alarms/alarm.ts'
import { evaluateAlarm, type Points } from '../../../src/core/alarms/alarm-evaluation.ts'
import { javaDouble, reasonDataOf, reasonOf } from '../../../src/core/alarms/alarm-reason.ts'

const rule = (needed: number, missingData?: MissingData): AlarmSettings => ({
  name: 'a',
  actionsEnabled: true,
  okActions: [],
  alarmActions: [],
  insufficientDataActions: [],
  metric: { namespace: 'n', name: 'm', dimensions: [], statistic: 'Sum', periodSeconds: 60 },
  evaluationPeriods: 3,
  datapointsToAlarm: needed,
  threshold: 0,
  comparison: 'GreaterThanThreshold',
  ...(missingData === undefined ? {} : { missingData }),
})

const pointsOf = (text: string): Points =>
  text.split(' ').map((sign) => (sign === 'X' ? 1 : sign === '0' ? 0 : undefined))

const treatments: readonly MissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching']

/** The tables of the user guide; undefined stands for "Retain current state". */
describe('an alarm of three points in a row', () => {
  test.each([
    ['0 - X - X', ['OK', 'OK', 'OK', 'OK']],
    ['0 - - - -', ['OK', 'OK', 'OK', 'OK']],
    ['- - - - -', ['INSUFFICIENT_DATA', undefined, 'ALARM', 'OK']],
    ['0 X X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['- - X - -', ['ALARM', undefined, 'ALARM', 'OK']],
    ['- - - - X', ['INSUFFICIENT_DATA', undefined, 'ALARM', 'OK']],
  ])('%s', (points, states) => {
    expect(treatments.map((each) => evaluateAlarm(rule(3, each), pointsOf(points)).state)).toEqual(states)
  })
})

describe('an alarm of two out of three points', () => {
  test.each([
    ['0 - X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 0 X 0 X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 - X - -', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - - 0', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - X -', ['ALARM', undefined, 'ALARM', 'OK']],
  ])('%s', (points, states) => {
    expect(treatments.map((each) => evaluateAlarm(rule(2, each), pointsOf(points)).state)).toEqual(states)
  })
})

test('with enough points that are there, missing ones make no difference', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(0, 1, undefined), { minLength: 5, maxLength: 5 }),
      fc.integer({ min: 1, max: 3 }),
      (points, needed) => {
        const there = points.filter((point) => point !== undefined).slice(-3)
        fc.pre(there.length === 3)
        const expected = there.filter((point) => point > 0).length >= needed ? 'ALARM' : 'OK'
        for (const each of missingDataTreatments) expect(evaluateAlarm(rule(needed, each), points).state).toBe(expected)
      },
    ),
  )
})

describe('a reason is told in CloudWatch’s words', () => {
  const nowMs = Date.parse('2019-10-02T17:04:40.985Z')
  const times = [2, 1, 0].map((ago) => Date.parse('2019-10-02T16:59:00Z') - ago * 60_000)
  const told = (settings: AlarmSettings, points: Points) => {
    const verdict = evaluateAlarm(settings, points)
    return reasonOf(settings, verdict, { points, times, samples: points.map(() => 1), nowMs })
  }
  const single = { evaluationPeriods: 1, datapointsToAlarm: 1, threshold: 50 }

  test('for points beyond the threshold, and within', () => {
    expect(told({ ...rule(1), ...single }, [undefined, undefined, 99.50160229693434])).toBe(
      'Threshold Crossed: 1 out of the last 1 datapoints [99.50160229693434 (02/10/19 16:59:00)] was greater than the threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition).',
    )
    expect(told({ ...rule(1), ...single }, [undefined, undefined, 0.5])).toBe(
      'Threshold Crossed: 1 out of the last 1 datapoints [0.5 (02/10/19 16:59:00)] was not greater than the threshold (50.0) (minimum 1 datapoint for ALARM -> OK transition).',
    )
    const { datapointsToAlarm: _, ...plain } = rule(3)
    expect(told({ ...plain, comparison: 'LessThanOrEqualToThreshold' }, [0, 0, -1])).toBe(
      'Threshold Crossed: 3 datapoints [-1.0 (02/10/19 16:59:00), 0.0 (02/10/19 16:58:00), 0.0 (02/10/19 16:57:00)] were less than or equal to the threshold (0.0).',
    )
  })

  test('for points that are missing', () => {
    const none = [undefined, undefined, undefined]
    expect(told({ ...rule(1, 'notBreaching'), ...single }, none)).toBe(
      'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].',
    )
    expect(told(rule(3, 'breaching'), none)).toBe(
      'Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].',
    )
    expect(told(rule(3), none)).toBe('Insufficient Data: 3 datapoints were unknown.')
  })

  test('with its data as JSON', () => {
    const settings = { ...rule(1), ...single }
    const points = [undefined, undefined, 99.5]
    const verdict = evaluateAlarm(settings, points)
    expect(reasonDataOf(settings, verdict, { points, times, samples: [undefined, undefined, 1], nowMs })).toBe(
      '{"version":"1.0","queryDate":"2019-10-02T17:04:40.985+0000","startDate":"2019-10-02T16:59:00.000+0000","statistic":"Sum","period":60,"recentDatapoints":[99.5],"threshold":50.0,"evaluatedDatapoints":[{"timestamp":"2019-10-02T16:59:00.000+0000","sampleCount":1.0,"value":99.5}]}',
    )
  })

  test('with numbers as Java prints them', () => {
    expect([1, 0, -2.5, 1e7, 12_345_678, 0.0001].map(javaDouble)).toEqual([
      '1.0',
      '0.0',
      '-2.5',
      '1.0E7',
      '1.2345678E7',
      '1.0E-4',
    ])
  })
})
