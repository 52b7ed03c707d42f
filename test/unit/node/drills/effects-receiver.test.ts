import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EffectsReceiver } from '../../../../src/drills/run/effects/receiver.ts'
import { readFunctionFile } from '../../../../src/node/functions/function-file.ts'
import { RemoteTarget } from '../../../../src/node/functions/remote-target.ts'

let receiver: EffectsReceiver

beforeEach(async () => {
  receiver = await EffectsReceiver.open(0)
  receiver.listenFor('mine')
})

afterEach(() => receiver.close())

const record = (eventID: string, table = 'mine') => ({
  eventID,
  awsRegion: 'eu-west-1',
  eventSourceARN: `arn:aws:dynamodb:eu-west-1:000000000000:table/${table}/stream/2026-01-01T00:00:00.000`,
  dynamodb: { Keys: { id: { S: `item-${eventID}` } } },
})

async function invoke(event: string) {
  const remote = new RemoteTarget({ name: 'drill-effects', url: receiver.url, timeout: 5, region: 'eu-west-1' })
  return await remote.invoke(Buffer.from(event), { requestId: 'r', functionArn: 'f' })
}

describe('the function of a drill', () => {
  it('notes each record of its table once per handling, and succeeds', async () => {
    const event = JSON.stringify({ Records: [record('1'), record('2'), record('3', 'another')] })
    expect((await invoke(event)).kind).toBe('returned')
    await invoke(event)
    expect(receiver.handled.map(({ region, eventId, key }) => [region, eventId, key])).toEqual([
      ['eu-west-1', '1', 'item-1'],
      ['eu-west-1', '2', 'item-2'],
      ['eu-west-1', '1', 'item-1'],
      ['eu-west-1', '2', 'item-2'],
    ])
  })

  it('takes nothing of what is no event, so that its trigger tries again', async () => {
    expect((await invoke('{"Records":[{}]}')).kind).toBe('unavailable')
    expect(receiver.handled).toEqual([])
  })

  it('is named by a file of functions that a node can read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'longitude-effects-'))
    const path = join(folder, 'functions.yaml')
    receiver.writeFunctionFile(path, 'drill-effects')
    expect(readFunctionFile(path).functions['drill-effects']).toMatchObject({ url: receiver.url, timeout: 10 })
    rmSync(folder, { recursive: true })
  })
})
