/** What a drill is run on: regions that can be asked, and broken, and mended. Everything broken is noted under its owner. */
import type { Direction } from '../../definition/cast.ts'

export type TargetRegion = { readonly region: string; readonly endpoint: string }

export type PartFault = {
  readonly region: string
  /** One of several; all of them where none is named. */
  readonly node?: string
  readonly part: 'node' | 'nats'
  readonly kind: 'kill' | 'stop' | 'freeze' | 'wipe' | 'clock'
  readonly offsetMs?: number
  /** It ends by itself after that, whatever becomes of the drill. */
  readonly forMs: number
}

export type LinkFault = {
  readonly links: readonly Direction[]
  readonly state?: 'down' | 'reset'
  readonly rtt?: string
  readonly jitter?: string
  readonly bandwidth?: string
  readonly stall?: string
  readonly forMs: number
}

export type Target = {
  /** For the report: what the drill was run on. */
  readonly description: string
  readonly regions: readonly TargetRegion[]
  /** A region's answer below /admin/; rejects when there is none. */
  admin(region: string, path: string, ask?: { readonly body?: unknown; readonly timeoutMs?: number }): Promise<unknown>
  /** How often a region's status is worth asking. */
  readonly statusEveryMs: number
  /** Names of a region's nodes, where it has several. */
  nodes(region: string): Promise<readonly string[]>
  /** What its processes are doing, for people to see. */
  processes(): Promise<Readonly<Record<string, string>>>
  roundTripMs(from: string, to: string): number
  breakPart(fault: PartFault): Promise<void>
  breakLinks(fault: LinkFault): Promise<void>
  /** Resolves when what was held down is ready again, or starting. */
  mendParts(of: { readonly region?: string; readonly node?: string; readonly part?: 'node' | 'nats' }): Promise<void>
  mendLinks(links?: readonly Direction[]): Promise<void>
  /** To be said again and again: once it is not, everything is mended by itself. */
  live(): Promise<void>
  /** Everything that this drill broke is mended; tells what is still not. */
  restore(): Promise<readonly string[]>
  close(): Promise<void>
}
