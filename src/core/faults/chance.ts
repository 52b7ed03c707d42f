/**
 * The chance of a fault: the same seed and number give the same draw, in any process. `stream` tells apart what is drawn of one request.
 */
import { avalanche } from '../key/partition-hash.ts'

const whole = 2 ** 32

/** At least 0 and less than 1. */
export function drawn(seed: number, number: number, stream = 0): number {
  const first = avalanche((seed ^ 0x4c6f6e67) | 0)
  const second = avalanche(first ^ Math.imul(number + 1, 0x9e3779b1))
  return (avalanche(second ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0) / whole
}
