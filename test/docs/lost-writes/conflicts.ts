/** Two regions write one item, and neither has seen the other's write: last writer wins, and the feed has the other one. */
import type { Scene } from './scene.ts'
import type { Way } from './way.ts'

const later = '1s'

/** One side of a cut, a second, and then the other side. */
async function onBothSides(scene: Scene, first: () => Promise<void>, second: () => Promise<void>): Promise<void> {
  scene.cut()
  await first()
  await scene.later(later)
  await second()
  await scene.heal()
}

async function begun(scene: Scene, item: Readonly<Record<string, unknown>>): Promise<void> {
  await scene.put('Virginia', item)
  await scene.settle()
}

export const conflicts: readonly Way[] = [
  {
    title: 'Write on both sides of a cut',
    why: 'Both regions go on writing while the link between them is cut. The write with the later stamp stays.',
    instead: 'Let one region write an item (`longitude writers TABLE REGION`), or merge by hand from the feed.',
    drill: 'region-isolation',
    play: (scene) =>
      onBothSides(
        scene,
        () => scene.put('Virginia', { state: 'shipped' }),
        () => scene.put('Ireland', { state: 'cancelled' }),
      ),
  },
  {
    title: 'Write in two regions at one moment',
    why: 'No cut is needed. The time that a write travels is enough, every day.',
    instead: 'Send all writes of a user to one region.',
    drill: 'slow-link',
    play: async (scene) => {
      await scene.put('Virginia', { state: 'shipped' })
      await scene.later('10ms')
      await scene.put('Ireland', { state: 'cancelled' })
      await scene.settle()
    },
  },
  {
    title: 'Write in three regions at once',
    why: 'Of n concurrent writes n − 1 are lost.',
    instead: 'As above.',
    drill: 'region-isolation',
    regions: 3,
    play: async (scene) => {
      await scene.put('Virginia', { state: 'shipped' })
      await scene.later('5ms')
      await scene.put('Ireland', { state: 'cancelled' })
      await scene.later('5ms')
      await scene.put('Tokyo', { state: 'returned' })
      await scene.settle()
    },
  },
  {
    title: 'Count in two regions',
    why: 'ADD is exact in one region. Between regions items travel and not additions, so one addition is lost.',
    instead: 'Keep one counter per region (`visits#us-east-1`), and add them when reading.',
    play: async (scene) => {
      await begun(scene, { visits: 100 })
      await onBothSides(
        scene,
        () => scene.update('Virginia', 'ADD visits :1', 1),
        () => scene.update('Ireland', 'ADD visits :1', 1),
      )
    },
  },
  {
    title: 'Change two different attributes',
    why: 'Last writer wins for the item and not for the attribute. The later item has the old value of what it did not change.',
    instead: 'Give attributes that change in different places items of their own.',
    play: async (scene) => {
      await begun(scene, { email: 'a@x', phone: '1' })
      await onBothSides(
        scene,
        () => scene.update('Virginia', 'SET email = :1', 'b@x'),
        () => scene.update('Ireland', 'SET phone = :1', '2'),
      )
    },
  },
  {
    title: 'Append to a list in two regions',
    why: '`list_append` works on the list that the region has.',
    instead: 'One item per entry, with a sort key.',
    play: async (scene) => {
      await begun(scene, { entries: ['a'] })
      await onBothSides(
        scene,
        () => scene.update('Virginia', 'SET entries = list_append(entries, :1)', ['b']),
        () => scene.update('Ireland', 'SET entries = list_append(entries, :1)', ['c']),
      )
    },
  },
  {
    title: 'Put into a cart in two regions',
    why: 'A map is part of its item: the other region’s entry goes with the item.',
    instead: 'One item per entry of the cart.',
    play: async (scene) => {
      await begun(scene, { cart: {} })
      await onBothSides(
        scene,
        () => scene.update('Virginia', 'SET cart.apples = :1', 3),
        () => scene.update('Ireland', 'SET cart.pears = :1', 2),
      )
    },
  },
  {
    title: 'Remove one attribute, set another',
    why: 'What one region removes comes back with the other region’s item.',
    instead: 'Items of their own, or one region that writes.',
    play: async (scene) => {
      await begun(scene, { draft: true, title: 'one' })
      await onBothSides(
        scene,
        () => scene.update('Virginia', 'REMOVE draft'),
        () => scene.update('Ireland', 'SET title = :1', 'two'),
      )
    },
  },
  {
    title: 'Delete what another region changes',
    why: 'The later write brings the item back: somebody’s deletion is undone.',
    instead: 'Mark items as deleted, and refuse changes of marked ones where they are read.',
    play: async (scene) => {
      await begun(scene, { parcel: 'packed' })
      await onBothSides(
        scene,
        () => scene.delete('Virginia'),
        () => scene.update('Ireland', 'SET parcel = :1', 'sent'),
      )
    },
  },
  {
    title: 'Change what another region deletes later',
    why: 'The later delete takes the change with it.',
    instead: 'As above.',
    play: async (scene) => {
      await begun(scene, { parcel: 'packed' })
      await onBothSides(
        scene,
        () => scene.update('Virginia', 'SET parcel = :1', 'sent'),
        () => scene.delete('Ireland'),
      )
    },
  },
  {
    title: 'Take a name in two regions',
    why: 'A condition is decided by the region’s own copy. Both regions find the name free.',
    instead: 'Take names in one region only, or check after the heal and tell the loser.',
    play: (scene) =>
      onBothSides(
        scene,
        () => scene.put('Virginia', { owner: 'ann' }, 'attribute_not_exists(id)'),
        () => scene.put('Ireland', { owner: 'bob' }, 'attribute_not_exists(id)'),
      ),
  },
  {
    title: 'Lock by version number',
    why: 'Optimistic locking guards within a region. Both sides find version 1, and both make version 2.',
    instead: 'Lock in one region, or put the region into the version and look for two of the same number.',
    play: async (scene) => {
      await begun(scene, { body: 'a', version: 1 })
      await onBothSides(
        scene,
        () => scene.update('Virginia', 'SET body = :1, version = :2 if version = :3', 'b', 2, 1),
        () => scene.update('Ireland', 'SET body = :1, version = :2 if version = :3', 'c', 2, 1),
      )
    },
  },
  {
    title: 'Take a lease in two regions',
    why: 'A lock in a global table holds only in its region: both workers believe that they are alone.',
    instead: 'Keep locks in a table of one region.',
    drill: 'asymmetric-partition',
    play: async (scene) => {
      await begun(scene, { holder: 'none' })
      await onBothSides(
        scene,
        () => scene.update('Virginia', 'SET holder = :1 if holder = :2', 'worker-1', 'none'),
        () => scene.update('Ireland', 'SET holder = :1 if holder = :2', 'worker-2', 'none'),
      )
    },
  },
  {
    title: 'Spend the same money twice',
    why: 'Each region finds 100, takes 80, and is right. Together 160 are spent, and the balance is 20.',
    instead: 'Write each booking as an item, or let one region own an account.',
    play: async (scene) => {
      await begun(scene, { balance: 100 })
      await onBothSides(
        scene,
        () => scene.update('Virginia', 'SET balance = balance - :1 if balance >= :1', 80),
        () => scene.update('Ireland', 'SET balance = balance - :1 if balance >= :1', 80),
      )
    },
  },
  {
    title: 'Lose half of a transaction',
    why: 'A transaction is atomic in its region. Elsewhere each item meets last-writer-wins alone, so one half stays.',
    instead: 'Keep what belongs together in one item.',
    keys: ['debit', 'credit'],
    play: (scene) =>
      onBothSides(
        scene,
        () => scene.transact('Virginia', { debit: { euros: -50 }, credit: { euros: 50 } }),
        () => scene.transact('Ireland', { credit: { euros: 7 } }),
      ),
  },
  {
    title: 'Book two seats together, and get one',
    why: 'Bob has booked both seats in one transaction, which succeeded. A later booking in Virginia takes one of them.',
    instead: 'As above.',
    keys: ['seat-a', 'seat-b'],
    play: async (scene) => {
      scene.cut()
      await scene.transact('Virginia', { 'seat-a': { for: 'ann' } })
      await scene.later(later)
      await scene.transact('Ireland', { 'seat-a': { for: 'bob' }, 'seat-b': { for: 'bob' } })
      await scene.later(later)
      await scene.transact('Virginia', { 'seat-b': { for: 'ann' } })
      await scene.heal()
    },
  },
  {
    title: 'Let a clock run ahead',
    why: 'Ireland writes a fifth of a second later, and loses, because Virginia’s clock is ahead. Beyond half a second the others hold such changes back.',
    instead: 'Watch the clocks: `longitude status` shows the skew. AWS keeps its own.',
    drill: 'clock-skew',
    play: async (scene) => {
      scene.skew('Virginia', 400)
      scene.cut()
      await scene.put('Virginia', { state: 'shipped' })
      await scene.later('200ms')
      await scene.put('Ireland', { state: 'cancelled' })
      await scene.later('1s')
      await scene.heal()
    },
  },
  {
    title: 'Go on elsewhere when a region dies',
    why: 'What the region had acknowledged and not sent arrives when it is back, and is older by then.',
    instead: 'Evacuate while the region lives (`longitude evacuate`). Else read the feed after it has returned.',
    drill: 'region-loss',
    play: async (scene) => {
      scene.cut()
      await scene.put('Virginia', { state: 'shipped' })
      scene.kill('Virginia')
      await scene.later(later)
      await scene.put('Ireland', { state: 'cancelled' })
      await scene.restart('Virginia')
      await scene.heal()
    },
  },
  {
    title: 'Move clients before everything has arrived',
    why: 'The client writes in Virginia and moves to Ireland, which does not have its write yet. It writes over what it did not see.',
    instead: 'Wait until it is safe to evacuate, or carry a position along.',
    drill: 'evacuate-live',
    play: async (scene) => {
      scene.cut()
      await scene.put('Virginia', { items: ['a', 'b'] })
      scene.say('the client moves to Ireland')
      await scene.get('Ireland')
      await scene.later(later)
      await scene.put('Ireland', { items: ['c'] })
      await scene.heal()
    },
  },
  {
    title: 'Make an item again that another region still changes',
    why: 'Ireland deletes and begins again. The older change of Virginia is lost, although it was to another item in the client’s mind.',
    instead: 'Give a new thing a new key.',
    play: async (scene) => {
      await begun(scene, { order: 1, paid: false })
      scene.cut()
      await scene.update('Virginia', 'SET paid = :1', true)
      await scene.later(later)
      await scene.delete('Ireland')
      await scene.put('Ireland', { order: 2, paid: false })
      await scene.heal()
    },
  },
]
