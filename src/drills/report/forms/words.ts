/** What the figures of a report mean, in the words that stand beside them. */
import { quietMs } from '../outages.ts'
import type { Report } from '../report.ts'
import { secondsText } from '../verdict.ts'

export const headings = {
  record: 'The record',
  broken: 'What was broken, and when',
  clients: 'What clients saw',
  underWay: 'What was on its way between the regions',
  recovery: 'What would have been lost',
  lost: 'What was lost',
  effects: 'What triggers did',
  proof: 'By whose proof the regions agree',
  measured: 'How this was measured',
  file: 'The drill',
} as const

export function measuredText({ sampleEveryMs, binMs, effects }: Report): readonly string[] {
  return [
    'RTO, availability and latency are those of the drill’s own clients, with the failover that the drill gives them: another application, with other time-outs or another way to fail over, has others. Probes of the application’s own, where the drill has some, are listed beside the regions.',
    'Clients are readers and writers in each region that sign their requests as an AWS SDK does, with its time-outs and repetitions; the distance between a client and the region that serves it is part of its latency. Availability is the share of requests that were answered in the end, repetitions included. Every request and its fate is in operations.ndjson. The interval beside it is Wilson’s of 95 %: what chance alone could make of so many requests, if each failed by itself; in an outage they fail together.',
    `RTO is the time from a fault until the last of a region’s clients that it interrupted is served again: until the first answer after which it had ${secondsText(quietMs)} without a failed or repeated request. A client that was never interrupted does not count. Beside it stands the last moment at which that client is known not to have been served: its region was back at some moment between the two.`,
    'RPO counts the writes that a region had acknowledged before it was lost (or, where it was cut off, before it came back) and that no other region held at the last moment before it came back, as read from the others item by item: what would be gone if it never had come back. It counts items that are written once; items that several regions overwrite cannot be told apart so. Its seconds are the age of the oldest of them at that moment.',
    `Pending changes and lag are what each region says of its own writes on their way to each other one; a gap in a line is a region that could not be asked. Whether a region answers was looked at every ${sampleEveryMs} ms. The plots show ${binMs} ms in one mark, and of pending and lag the most in it.`,
    'Where clients were kept waiting while the drill itself stood still, the machine had no processor for them: such moments are in the timeline. They count all the same.',
    'Every acknowledged write is accounted for in the end. One that is neither there nor replaced by a later write of a client that saw it is lost: to a concurrent write, which the regions’ conflict feeds tell with both stamps, or, if it is in none of them, without an explanation, which fails the drill.',
    ...(effects === undefined
      ? []
      : [
          'A side effect is one handling of one record of a change stream by the drill’s function, which the drill answers itself. A trigger handles each record at least once: after a crash a batch may be handled again. The records are those that the drill reads from the streams in the end. An acknowledged write of an item that is written once must have made a side effect in every region that has a trigger, whatever its stream says.',
        ]),
    'The proof is the regions’ own comparison of all replicas (`longitude verify`), asked of each region: equal for everything that was written with a stamp up to the watermark. The drill’s own reading of every item from every region, which the fates of the writes are taken from, is independent of it.',
  ]
}
