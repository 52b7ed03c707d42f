/** F, what everything is compared with: a bare fastify server that parses a body and answers one as JSON, and does nothing else. */
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'

const app = fastify()
app.removeAllContentTypeParsers()
app.addContentTypeParser('application/x-amz-json-1.0', { parseAs: 'string' }, (_, body, done) => {
  done(null, JSON.parse(body as string))
})
app.post('/', (request, reply) => {
  void reply.type('application/x-amz-json-1.0')
  return reply.send(request.body)
})
await app.listen({ host: '127.0.0.1', port: 0 })
process.send?.({ type: 'ready', port: (app.server.address() as AddressInfo).port })
process.once('disconnect', () => process.exit(0))
