import type { Scene } from './scene.ts'

export type Way = {
  readonly title: string
  /** What happens, and why nothing stops it. */
  readonly why: string
  readonly instead: string
  /** A drill that comes with Longitude and meets it with real processes. */
  readonly drill?: string
  /** By default Virginia and Ireland. */
  readonly regions?: 3
  /** Items that are shown in the end. */
  readonly keys?: readonly string[]
  play(scene: Scene): Promise<void>
}
