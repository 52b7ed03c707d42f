/** A key of messages between regions, by node:crypto: what the key is made of is in the key object alone. */
import { createHmac, createSecretKey } from 'node:crypto'
import type { Mac } from '../../core/change/seal.ts'

export function hmacWith(key: Buffer): Mac {
  const secret = createSecretKey(key)
  return (message, context) => createHmac('sha256', secret).update(message).update(context).digest()
}
