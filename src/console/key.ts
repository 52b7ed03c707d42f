/**
 * The console's own key. It follows from the deployment's token, so every process that has the token can print the console's address, and a
 * restart does not end a page's session. The token itself never reaches a browser.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'

export function consoleKey(adminToken: string): string {
  return createHmac('sha256', adminToken).update('the key of the console').digest('base64url')
}

/** The fragment stays in the browser: it is in no request and in no log. */
export function consoleAddress(url: string, adminToken: string): string {
  return `${url}/#key=${consoleKey(adminToken)}`
}

/** Compares in a time that says nothing of where the texts differ. */
export function isKey(given: string | undefined, key: string): boolean {
  const text = /^Bearer +(\S+) *$/i.exec(given ?? '')?.[1]
  return text !== undefined && timingSafeEqual(hash('sha256', text, 'buffer'), hash('sha256', key, 'buffer'))
}
