/** The keys with which regions sign what they say to each other (core/change/seal.ts). */
import type { Mac } from '../core/change/seal.ts'

export interface MessageKeys {
  /** Those of a region, the one that it signs with first: during a rotation the one before is good too. Empty where none is known. */
  of(region: string): readonly Mac[]
  /** A region's message does not verify: its key may have been rotated just now. True when there are other keys than before. */
  lookAgain(): boolean
}
