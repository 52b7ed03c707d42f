/**
 * All faults, in the order in which they came: seeds draw from this list, so a new one goes to its end, with a `world` of its own.
 */
import { damageBytes } from './damage.ts'
import { driftClock, stepClock } from './clocks.ts'
import { diskFull, diskNearlyFull, slowDisk, wipeDisk } from './disks.ts'
import type { Fault } from './fault.ts'
import { cutAll, cutLink, cutOneWay, flap, isolate, stallLink, unrulyLink } from './links.ts'
import { anotherVersion, forgedPositions, forgery, garbage, poison } from './messages.ts'
import { oldDisk } from './old-disk.ts'
import { pauseLink, pauseTable } from './pauses.ts'
import { crash, crashInFlight, crashServer } from './processes.ts'
import { slowLine } from './slow-lines.ts'
import { loseTail, poisonStream, trimStream, wipeStream } from './streams.ts'
import { usedTwice } from './used-twice.ts'

export const allFaults: readonly Fault[] = [
  crash,
  crashServer,
  wipeStream,
  loseTail,
  trimStream,
  cutOneWay,
  cutLink,
  isolate,
  cutAll,
  flap,
  stallLink,
  unrulyLink,
  anotherVersion,
  garbage,
  poison,
  stepClock,
  driftClock,
  diskFull,
  diskNearlyFull,
  slowDisk,
  wipeDisk,
  poisonStream,
  pauseLink,
  pauseTable,
  crashInFlight,
  forgery,
  damageBytes,
  oldDisk,
  forgedPositions,
  slowLine,
  usedTwice,
]
