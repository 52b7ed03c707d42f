/**
 * F, what everything is compared with: the leanest fastify server that parses JSON and answers it, with fastify's own parser and writer of JSON, and does
 * nothing else.
 */
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'

const app = fastify({ logger: false })
app.post('/', (request, reply) => {
  void reply.send(request.body)
})
await app.listen({ host: '127.0.0.1', port: 0 })
process.send?.({ type: 'ready', port: (app.server.address() as AddressInfo).port })
process.once('disconnect', () => process.exit(0))
