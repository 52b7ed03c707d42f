import { expect, it } from 'vitest'
import { peers } from '../../../src/cli/options/addresses.ts'

const both = [
  { region: 'a', url: 'nats://h:1,nats://h:2' },
  { region: 'b', url: 'tls://k:3' },
]

it('the addresses of a region of several nodes come after its name', () => {
  expect(peers.parse('a=nats://h:1,nats://h:2,b=tls://k:3')).toEqual(both)
  expect(peers.parse('a=nats://h:1, nats://h:2 b=tls://k:3')).toEqual(both)
  expect(peers.parse(['a=nats://h:1,nats://h:2', 'b=tls://k:3'])).toEqual(both)
})

it('an address without a region before it is refused', () => {
  expect(peers.safeParse('nats://h:1,b=tls://k:3').success).toBe(false)
})
