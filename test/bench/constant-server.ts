/** The server that a cache is, answering one constant whatever it is asked: what a hit is held against. */
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import { bufferPoolSizeBytes } from '../../src/core/limits/limits.ts'
import { aboutBody, ReadyReply } from '../../src/http/bytes/reply.ts'
import { serveApi } from '../../src/http/server.ts'
import { itemOf } from './requests.ts'

Buffer.poolSize = bufferPoolSizeBytes
const body = JSON.stringify({ Item: itemOf(1) })
const constant = new ReadyReply({
  contentType: 'application/x-amz-json-1.0',
  operation: 'GetItem',
  body,
  about: aboutBody(body),
})
const server = await serveApi({
  port: 0,
  region: 'us-east-1',
  env: {
    clock: systemClock,
    random: systemRandom,
    meter: { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} },
  },
  answer: (_request, _requestId, answer) => answer(constant),
  readiness: () => ({ ready: true }),
  metrics: async () => Promise.resolve({ contentType: 'text/plain', text: '' }),
})
process.send?.({ type: 'ready', port: server.port })
process.once('disconnect', () => process.exit(0))
