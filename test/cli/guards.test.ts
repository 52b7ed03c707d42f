/** Every guard at every process that takes requests: the owner and the workers of a region, its cache, the front door. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerOf, cells, keyed, readDoors, tableInput, there, tooLarge, unsigned } from '../conformance/guards.ts'
import { localOperations } from '../../src/http/processes/worker-front.ts'
import { call } from '../conformance/raw-request.ts'
import { eventually, prepareProgram, removeFolder, temporaryFolder, type Up, up } from './command-line.ts'

const workers = 3
const folder = temporaryFolder()
let running: Up
let entrances: Readonly<Record<string, string>>

beforeAll(async () => {
  prepareProgram()
  running = await up(folder, '--regions', 'us-east-1', '--workers', String(workers))
  const { regions, services } = running.overview
  entrances = {
    region: regions[0]?.endpoint ?? '',
    cache: regions[0]?.cache ?? '',
    'front door': services['frontDoor'] ?? '',
  }
  await call(entrances['region'] ?? '', 'CreateTable', tableInput(keyed))
  await eventually('the table is active', async () =>
    (await call(entrances['region'] ?? '', 'DescribeTable', { TableName: keyed })).text.includes(
      '"TableStatus":"ACTIVE"',
    ),
  )
  await call(entrances['region'] ?? '', 'PutItem', { TableName: keyed, Item: there })
}, 120_000)

afterAll(async () => {
  running.supervisor.kill('SIGTERM')
  await running.ended
  removeFolder(folder)
})

/**
 * Connections go to the owner and to the workers in turn, so three in a row meet all of them. What a worker forwards is
 * checked by the owner alone, so once is enough.
 */
const times = (entrance: string, operation: string): number =>
  entrance === 'region' && localOperations.includes(operation) ? workers : 1

describe.each(['region', 'cache', 'front door'])('every guard holds at the %s', (entrance) => {
  test('of items, keys, tables and requests', { timeout: 120_000 }, async () => {
    const served = cells
      // Tables that come or go stand still in the conformance tests only.
      .filter(({ guard }) => !/being (made|removed)/.test(guard))
      .filter(({ operation }) => entrance !== 'cache' || !/Execute|tag/i.test(operation))
    const open: string[] = []
    for (const cell of served)
      for (let n = 0; n < times(entrance, cell.operation); n++) {
        const answer = await answerOf(entrances[entrance] ?? '', cell)
        if (!cell.says.test(answer)) open.push(`${cell.guard} | ${cell.entrance}: ${answer.slice(0, 300)}`)
      }
    expect(open).toEqual([])
  })

  test('of the signature, and of the size of a request', async () => {
    const { GetItem } = readDoors(keyed, there)
    for (let n = 0; n < times(entrance, 'GetItem'); n++) {
      if (GetItem !== undefined)
        expect((await unsigned(entrances[entrance] ?? '', GetItem)).text).toMatch(/MissingAuthentication/)
      expect((await tooLarge(entrances[entrance] ?? '')).status).toBe(413)
    }
  })
})
