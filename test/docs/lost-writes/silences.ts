/** The later write has seen the earlier one, or there was no write at all: no conflict, and so nothing in any feed. */
import type { Way } from './way.ts'

export const silences: readonly Way[] = [
  {
    title: 'Read, think, write in one region',
    why: 'Both clients read 1 and write 2. The second write is simply later: DynamoDB and Longitude do what they were told.',
    instead: 'ADD, or a condition on what was read.',
    play: async (scene) => {
      await scene.put('Virginia', { visits: 1 })
      scene.say('two clients read')
      await scene.get('Virginia')
      await scene.get('Virginia')
      await scene.put('Virginia', { visits: 2 })
      await scene.put('Virginia', { visits: 2 })
    },
  },
  {
    title: 'Decide by a stale read',
    why: 'The client reads in Ireland before the change is there, and writes after it has arrived. That is no conflict: Ireland had the change when it wrote.',
    instead: 'Condition the write on what was read, or read with `x-longitude-after`.',
    play: async (scene) => {
      await scene.put('Virginia', { stock: 10 })
      await scene.settle()
      await scene.put('Virginia', { stock: 4 })
      await scene.get('Ireland')
      scene.say('the change arrives')
      await scene.settle()
      await scene.put('Ireland', { stock: 9 })
    },
  },
  {
    title: 'Put over an attribute that one does not know',
    why: 'PutItem replaces the whole item. An old version of a program drops what a new one has added.',
    instead: 'UpdateItem.',
    play: async (scene) => {
      await scene.put('Virginia', { name: 'Ann', consent: true })
      scene.say('a program that does not know consent')
      await scene.put('Virginia', { name: 'Anne' })
    },
  },
  {
    title: 'Try again too late',
    why: 'The first try was done, only its answer was lost. Another client goes on, and then the first one tries again.',
    instead: 'Condition the write on the state that it leaves.',
    drill: 'api-faults',
    play: async (scene) => {
      await scene.put('Virginia', { state: 'placed' })
      scene.fault('Virginia', { kind: 'reset', after: true, operations: 'PutItem' }, 'loses the next answer')
      await scene.put('Virginia', { state: 'paid' })
      scene.clear('Virginia')
      scene.say('another client')
      await scene.put('Virginia', { state: 'shipped' })
      scene.say('the first one tries again')
      await scene.put('Virginia', { state: 'paid' })
    },
  },
  {
    title: 'Not look at what a batch left over',
    why: 'BatchWriteItem answers 200 and gives back what it did not write.',
    instead: 'Write UnprocessedItems again, with growing pauses.',
    drill: 'api-faults',
    keys: ['a', 'b'],
    play: async (scene) => {
      scene.fault('Virginia', { kind: 'partial', items: '50%', seed: 1 }, 'leaves half of each batch unprocessed')
      await scene.batch('Virginia', { a: { n: 1 }, b: { n: 2 } })
      scene.clear('Virginia')
    },
  },
  {
    title: 'Give up when throttled',
    why: 'The write was refused, and the program did not notice: a queue was acknowledged, an error was only logged.',
    instead: 'Acknowledge after the write.',
    drill: 'api-faults',
    play: async (scene) => {
      scene.fault('Virginia', { kind: 'throttle' }, 'throttles')
      await scene.put('Virginia', { state: 'placed' })
      scene.clear('Virginia')
    },
  },
  {
    title: 'Take a time-out for a failure',
    why: 'The client tells its user that nothing was booked. It was, and the user books again.',
    instead: 'An idempotency key: a condition, or ClientRequestToken of a transaction.',
    drill: 'api-faults',
    play: async (scene) => {
      await scene.put('Virginia', { booked: 0 })
      scene.fault('Virginia', { kind: 'reset', after: true, operations: 'UpdateItem' }, 'loses the next answer')
      await scene.update('Virginia', 'ADD booked :1', 1)
      scene.clear('Virginia')
      scene.say('the user books again')
      await scene.update('Virginia', 'ADD booked :1', 1)
    },
  },
  {
    title: 'Read what was true a moment ago',
    why: 'An eventually consistent read may be old, in one region too. What is decided by it is decided too late.',
    instead: 'ConsistentRead, or a condition.',
    drill: 'api-faults',
    play: async (scene) => {
      await scene.put('Virginia', { seats: 1 })
      await scene.later('5s')
      // What rows were is kept only while a fault asks for it.
      scene.fault('Virginia', { kind: 'stale', age: '2s' }, 'answers eventual reads with what was there 2 s ago')
      await scene.later('5s')
      await scene.put('Virginia', { seats: 0 })
      await scene.get('Virginia')
      scene.clear('Virginia')
      await scene.put('Virginia', { seats: 0, sold: 'again' })
    },
  },
]
