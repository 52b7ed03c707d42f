/** Every cell of the table of a link's states, as the class that runs on it behaves. */
import { beforeEach, describe, expect, it } from 'vitest'
import {
  type LinkCell,
  linkEvents,
  LinkState,
  linkStates,
  linkTable,
} from '../../../../../src/readers/replication/receive/link-state.ts'
import { openRegion, type TestRegion } from '../../../engine/region.ts'

const stamp = { wallMs: 2_000_000_000_000, counter: 0, region: 1 }
let region: TestRegion

const events: Readonly<Record<LinkCell['event'], (link: LinkState) => unknown>> = {
  'a batch is applied': (link) => link.accept('a batch is applied'),
  'nothing is left to apply': (link) => link.accept('nothing is left to apply'),
  'the state is merged': (link) => link.accept('the state is merged'),
  'a batch is too far ahead': (link) => link.hold(stamp),
  'the peer is refused': (link) => link.refuse('another version'),
  'the log does not go on': (link) => link.gone('trimmed'),
  'the state is fetched': (link) => link.fetch(),
}

const reach: Readonly<Record<LinkCell['state'], (link: LinkState) => unknown>> = {
  normal: () => {},
  held: events['a batch is too far ahead'],
  refused: (link) => link.refuse('another reason'),
  resync: events['the state is fetched'],
}

const logs: Readonly<Record<LinkCell['action'], readonly string[]>> = {
  none: [],
  'log the refusal': ['peer is refused'],
  'log the loss': ['the peer’s log does not go on from here'],
  'log the hold': ['changes are held: the peer’s clock is ahead'],
}

beforeEach(async () => {
  region = await openRegion('us-east-1')
})

const linkIn = (state: LinkCell['state']): LinkState => {
  const link = new LinkState(region.env, { name: 'eu-west-1', number: 2 })
  reach[state](link)
  region.logged.length = 0
  return link
}

describe('a link', () => {
  it('has one cell for every event in every state', () => {
    const names = linkTable.map(({ state, event }) => `${state}, ${event}`)
    expect(new Set(names).size).toBe(names.length)
    expect(names.toSorted()).toEqual(linkStates.flatMap((s) => linkEvents.map((e) => `${s}, ${e}`)).toSorted())
  })

  it.each(linkTable)('that is $state becomes $next when $event ($action)', ({ state, event, next, action }) => {
    const link = linkIn(state)
    expect(link.now).toBe(state)
    events[event](link)
    expect(link.now).toBe(next)
    expect(region.logged).toEqual(logs[action])
  })

  it('tells the reason while it is refused or its state is to be fetched, and no more once something is applied', () => {
    const link = linkIn('normal')
    link.refuse('another version')
    expect(link.reason).toBe('another version')
    expect(link.gone('trimmed').message).toBe('trimmed')
    expect(link.reason).toBe('trimmed')
    link.accept('a batch is applied')
    expect(link.reason).toBeUndefined()
  })

  it('logs a refusal again only when the reason is another', () => {
    const link = linkIn('normal')
    for (const reason of ['one', 'one', 'two', 'two']) link.refuse(reason)
    expect(region.logged.length).toBe(2)
  })

  it('doubts a message that holds it every five seconds, and not when nothing is held', () => {
    const link = linkIn('held')
    expect(link.isDoubtful).toBe(false)
    region.clock.monotonic += 5001
    expect([link.isDoubtful, link.isDoubtful]).toEqual([true, false])
    link.accept('a batch is applied')
    region.clock.monotonic += 5001
    expect(link.isDoubtful).toBe(false)
  })
})
