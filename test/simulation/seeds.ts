/**
 * Seeds that once failed, each with what it found: they run every time. Each goes on in the version of the world that it failed
 * in (`simulate` prints it), so that what was added to the world since does not move what it draws. It can still lose its
 * meaning when the product itself sends or waits otherwise, so a fault that a seed has found gets a test of its own as well.
 */
export type StoriedSeed = {
  readonly seed: number
  readonly world: number
  /** Only these faults. */
  readonly only?: readonly string[]
  readonly story: string
}

export const storiedSeeds: readonly StoriedSeed[] = [
  { seed: 30, world: 1, story: 'a subscriber whose repair brought nothing asked again for ever, without a pause' },
  {
    seed: 1040,
    world: 1,
    story: 'a delete from before a table had replicas left a tombstone in those that came later',
  },
  { seed: 317, world: 1, story: 'a replica that left and joined again came from a source without its own last writes' },
  { seed: 275, world: 1, story: 'what the former disk of a wiped peer had confirmed counted for the new one' },
  { seed: 597, world: 1, story: 'changes cut off by the log’s cap were not pending any more after a restart' },
  { seed: 1037, world: 1, story: 'a peer was called safe to leave to while it lacked something' },
  {
    seed: 11899,
    world: 1,
    story: 'a replica asked for again while it went: it was waited for in a state that had passed',
  },
  { seed: 237, world: 1, story: 'a replica that was removed during a comparison was called different' },
  { seed: 93, world: 1, story: 'a join waited for ever for what a region that had left had written' },
  {
    seed: 81,
    world: 1,
    story: 'a damaged row of a region that had left was taken for one that no region can have written',
  },
  { seed: 3769, world: 1, story: 'a replica counted as complete before it served' },
  {
    seed: 3203,
    world: 1,
    story: 'of a peer whose disk was wiped, what all had confirmed before was not pending again',
  },
  {
    seed: 2529,
    world: 1,
    story: 'what a region that had left had told some only was called different while it was still to be merged',
  },
  {
    seed: 20022,
    world: 1,
    story: 'a batch decided on one that was then held passed over what was held, where their messages overlapped',
  },
  {
    seed: 3909,
    world: 1,
    story: 'a tombstone was removed while a write made without knowledge of it was still on its way',
  },
  {
    seed: 14101,
    world: 1,
    story: 'what a removed replica had written, and one of the others had not got yet, was called different',
  },
  {
    seed: 16499,
    world: 1,
    story: 'a region with a new disk took rows of one that had left before for damage',
  },
  {
    seed: 6926,
    world: 1,
    story: 'a replica of which the registers came in two parts, its own first, took itself for the only one',
  },
  {
    seed: 7401,
    world: 1,
    story: 'the simulator counted a replica as asked for that another had asked for and removed again',
  },
  {
    seed: 769,
    world: 1,
    story:
      'a table that a peer left during a transfer of its state counted as copied, and what it had written last was never asked for',
  },
  {
    seed: 9091,
    world: 1,
    story: 'what a region had written and deleted before there were replicas was taken for still to come',
  },
  {
    seed: 19741,
    world: 1,
    story: 'a table whose definition was lost with a disk kept back, for ever, what was to be merged of all others',
  },
  {
    seed: 501593,
    world: 1,
    story: 'a peer that did not understand a question counted as one without the table: its state was taken for merged',
  },
  { seed: 503402, world: 1, story: 'the same, of a question in another version after the peer’s log had been trimmed' },
  { seed: 514340, world: 1, story: 'the same, of a question that had become garbage' },
  {
    seed: 505498,
    world: 1,
    story:
      'what only one peer knew of a region that had left counted as merged, though the peer had refused the question',
  },
  {
    seed: 81000098,
    world: 4,
    story: 'the simulator took a deleted index’s register, forgotten by the horizon, for one that was still known',
  },
  {
    seed: 179,
    world: 5,
    story: 'the simulator read only a part of a conflict feed, since an answer is bounded in bytes as well',
  },
  {
    seed: 8400045,
    world: 5,
    story: 'a region that restarted after its log was trimmed said too little of what a peer lacked, as if it were all',
  },
  {
    seed: 449710084,
    world: 5,
    story: 'of several batches that became durable together only the first was counted as arrived',
  },
  {
    seed: 327810541,
    world: 5,
    story: 'registers that a region sent and had not counted were subtracted from what a peer lacked',
  },
  {
    seed: 449710072,
    world: 5,
    story: 'the simulator compared a client’s read of a damaged row with the log',
  },
  {
    seed: 821345800,
    world: 7,
    only: ['old disk'],
    story:
      'a region whose store was set back called a peer safe that had yet to merge from another what the former log had told only that one',
  },
  {
    seed: 632555080,
    world: 6,
    only: ['old disk'],
    story: 'a region said that it lacked nothing of a peer whose store was set back, and lacked one change',
  },
  {
    seed: 132,
    world: 5,
    story: 'what came after the pause of a table was not counted as arrived, so it was called missing',
  },
  {
    seed: 342177373,
    world: 7,
    story: 'a change that was set aside, and that the peer had never made, was counted as arrived',
  },
  {
    seed: 262221607,
    world: 5,
    story:
      'the simulator wiped a disk while a damaged row was not repaired, because the damaged region was down for a moment',
  },
  {
    seed: 7,
    world: 8,
    story:
      'a removed table was named for ever, because a region had left before the others heard that its replica was gone',
  },
  {
    seed: 770038,
    world: 7,
    story:
      'a store that was set back twice dropped, the second time, what the first new log had kept and no peer had got yet',
  },
  {
    seed: 198238508,
    world: 7,
    story:
      'a store that had found itself older went on to publish, and a peer took the lives of two copies of it from one stream as one log',
  },
  {
    seed: 51004,
    world: 8,
    only: ['old disk', 'garbage', 'forged positions', 'cut one way', 'trim stream'],
    story:
      'of a peer whose store was set back, and that confirmed before its new log was heard, the pending of its former life was said as if it were all',
  },
  {
    seed: 51008,
    world: 8,
    only: ['old disk', 'garbage', 'forged positions', 'cut one way', 'trim stream'],
    story:
      'a store that was set back dropped its rows, and a peer that was behind in the former log had been placed in the new one past a write that only those rows had',
  },
  {
    seed: 921136131,
    world: 8,
    story: 'a peer whose words were of another version was called live while the disk was slow',
  },
  {
    seed: 921136836,
    world: 8,
    story: 'a peer with a new disk confirmed its place before what the former disk had confirmed was forgotten',
  },
  {
    seed: 921136663,
    world: 8,
    story: 'the simulator counted as missing what its origin wrote before it had heard of the replica',
  },
  {
    seed: 13,
    world: 7,
    only: ['old disk'],
    story:
      'the simulator forgot how far a store that was set back had come before its new log, and took a peer that stood there for one beyond the end',
  },
  {
    seed: 905002,
    world: 7,
    only: ['old disk'],
    story:
      'the simulator forgot what a region had confirmed of a log before its own store was set back to a time when it followed the log before',
  },
  {
    seed: 52010,
    world: 8,
    only: ['old disk', 'cut one way', 'garbage', 'trim stream'],
    story: 'a region whose store was set back compared its replica before it was filled again, and called it different',
  },
  {
    seed: 7310090,
    world: 8,
    only: ['old disk', 'crash', 'wipe disk'],
    story:
      'the simulator called a write missing in a replica made later, though it was deleted while the table had no other replica',
  },
  {
    seed: 417312458,
    world: 8,
    story:
      'what had arrived of a table before its replica here left was subtracted from what a silent peer had written to others',
  },
  {
    seed: 7340043,
    world: 8,
    story: 'a forged end of a log was waited for without end by a replica that was to become a table of its own',
  },
  {
    seed: 241269014,
    world: 8,
    story:
      'a new disk copied a peer’s state without noting which log of its own the peer still followed, and later took itself for an older copy',
  },
  {
    seed: 241268780,
    world: 8,
    story: 'the simulator damaged a row while a store that was set back was filled again from it',
  },
  {
    seed: 7390015,
    world: 8,
    only: ['old disk', 'wipe disk', 'crash in flight', 'pause table', 'trim stream', 'cut one way'],
    story:
      'the simulator asked a store that was set back for a delete that it had known, and that all had forgotten since',
  },
  {
    seed: 29,
    world: 5,
    story:
      'the simulator held that a region’s write of an index which it had forgotten, and another had made again, was still to come',
  },
  {
    seed: 215814409,
    world: 8,
    story:
      'what a peer with a new disk lacks was said to lie beyond the beginning of the log, with what the log had let go of',
  },
  {
    seed: 215814485,
    world: 8,
    story: 'the simulator took the transactions of a store that was set back for those that its peers had applied',
  },
  {
    seed: 359961103,
    world: 10,
    story: 'the simulator damaged an item that expired before it was repaired, and waited for its return',
  },
  {
    seed: 359961741,
    world: 10,
    story: 'what a region lacks of a peer was called exact after it had left a table that the peer still counted',
  },
  {
    seed: 5114,
    world: 11,
    only: ['store used twice'],
    story:
      'a region that took a peer’s state from a copy of the peer’s store went back in the peer’s log, and then took its own store for an older copy',
  },
  {
    seed: 5233,
    world: 11,
    only: ['store used twice'],
    story: 'a copy of a peer’s store, which spoke beside the peer, moved a watermark past what the peer had written',
  },
  {
    seed: 5255,
    world: 11,
    only: ['store used twice'],
    story: 'a copy of a store confirmed in its region’s place, and the peer trimmed what the region lacked',
  },
  {
    seed: 5270,
    world: 11,
    only: ['store used twice'],
    story: 'a third region took its own store for an older copy, since a peer and a copy of it answered by turns',
  },
  {
    seed: 5285,
    world: 11,
    only: ['store used twice'],
    story: 'a copy of a store confirmed more than its region had applied, for as long as peers took both for one',
  },
  {
    seed: 633545922,
    world: 11,
    story: 'a peer without a node was called live, since its server answered that no node listens',
  },
  {
    seed: 633545675,
    world: 11,
    story: 'the simulator gave a region no more time to notice a cut where the line was narrow',
  },
  {
    seed: 633551646,
    world: 11,
    story: 'the simulator took a row that the disk had lost for one that an older change had replaced',
  },
  {
    seed: 633552828,
    world: 11,
    story: 'the simulator put a change of its own into a transaction of a peer',
  },
  {
    seed: 633554027,
    world: 11,
    story:
      'what a lost log had told only a replica that was still being made there was not merged by the others, which took the merge for done',
  },
  {
    seed: 633553591,
    world: 11,
    story:
      'the simulator held a store that was set back to what it had confirmed before; an index that was deleted and forgotten could come back from it everywhere',
  },
  {
    seed: 293762597,
    world: 11,
    only: ['old disk', 'lose tail', 'wipe disk', 'crash in flight'],
    story:
      'the simulator counted a replica twice that one had asked for before a crash and another had removed after it, and waited for its return',
  },
]
