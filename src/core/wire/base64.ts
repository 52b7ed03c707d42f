/**
 * AWS takes canonical base64 only: whole groups of four, padded, and no bits set that the last byte does not use.
 * So equal bytes are equal strings, here and in the store. The misspelling is AWS's.
 */
export function base64Problem(text: string): string | undefined {
  if (text.length % 4 !== 0) return `Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`
  const stranger = /[^A-Za-z0-9+/=]/.exec(text)
  if (stranger !== null) return `Invalid Base64 character: '${stranger[0]}'`
  return canonical.test(text) ? undefined : 'Invalid last non-pad Base64 character dectected'
}

const canonical = /^[A-Za-z0-9+/]*(?:[AQgw]==|[AEIMQUYcgkosw048]=)?$/
