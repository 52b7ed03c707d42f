import { expect, test } from 'vitest'
import { describeEndpoints } from '../../../src/operations/settings/describe-endpoints.ts'

const context = { settings: { region: 'eu-west-1' } }

/** The address for SDKs that asked with this Host header. */
async function addressFor(host: string | undefined): Promise<string | undefined> {
  const reply = await describeEndpoints.run({}, { ...context, host } as never)
  return (reply as { readonly Endpoints: readonly { readonly Address: string }[] }).Endpoints[0]?.Address
}

test.each(['localhost:8000', '127.0.0.1', '[::1]:8000', 'dynamodb.example.com'])('%s is named', async (host) => {
  expect(await addressFor(host)).toBe(host)
})

test.each([
  ['no header', undefined],
  ['an empty one', ''],
  ['one that is a path', 'localhost/else'],
  ['one with a name and a password', 'me:secret@localhost'],
  ['one that is longer than a name of DNS with a port', `${'a'.repeat(300)}:8000`],
])('%s names the region of AWS', async (_what, host) => {
  expect(await addressFor(host)).toBe('dynamodb.eu-west-1.amazonaws.com')
})
