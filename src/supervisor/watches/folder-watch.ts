/** Looks whether the folders of the regions are still there. */
import { statSync } from 'node:fs'
import type { Log } from '../../ports/log.ts'
import type { Faults } from '../supervised-faults.ts'
import { type Member, memberName } from '../children/members.ts'

type Watched = { readonly member: Member; readonly identity: number | undefined }

export type FolderWatchOptions = {
  readonly members: readonly Member[]
  readonly faults: Pick<Faults, 'active'>
  readonly log: Log
}

export class FolderWatch {
  readonly #options: FolderWatchOptions
  #folders: readonly Watched[]

  constructor(options: FolderWatchOptions) {
    this.#options = options
    this.#folders = options.members.map(watchedFolder)
  }

  /** A folder that was removed takes the region's data with it: its processes start with an empty one, and their peers fill it. */
  look(): void {
    const { faults, log } = this.#options
    this.#folders = this.#folders.map((watched) => {
      const now = watchedFolder(watched.member)
      if (now.identity === watched.identity) return watched
      const { plan, node, nats, quorum } = watched.member
      // A drill that has stopped one of them does what it wants with the folder.
      if (faults.active.some(({ region }) => region === plan.name)) return now
      if (now.identity !== undefined) return now
      log.error(`${plan.folder} was removed while ${memberName(plan)} ran: it begins with an empty one`, {
        region: plan.name,
      })
      nats.kick()
      quorum()?.kick()
      node.kick()
      return now
    })
  }
}

function watchedFolder(member: Member): Watched {
  return { member, identity: statSync(member.plan.folder, { throwIfNoEntry: false })?.ino }
}
