/**
 * JetStream alone: a process that receives part of a stream over a link, as fast as it comes, and does nothing with it. Once by
 * the official client's own `consume`, once by the program's puller; what counts is the faster of the two.
 */
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connectOnce } from '../../src/adapters/nats/nats-connect.ts'
import { bytesRead } from '../../src/adapters/nats/nats-heartbeat.ts'
import { Puller } from '../../src/adapters/nats/nats-pull.ts'
import { logSubject, streamName } from '../../src/adapters/nats/nats-subjects.ts'
import { pullBytesMax } from '../../src/core/limits/limits.ts'

export type DeliveryOrder = {
  readonly port: number
  readonly region: string
  /** Both inclusive. */
  readonly fromSequence: number
  readonly upToSequence: number
  readonly by: 'consume' | 'puller'
}

export type DeliveryResult = {
  readonly ms: number
  readonly bytes: number
  /** Of this process. */ readonly cpuMs: number
}

/** As many as it takes to fill the way there and back. */
const messagesOutstanding = 20_000

async function delivered(order: DeliveryOrder): Promise<DeliveryResult> {
  const connection = await connectOnce('bench', { url: `nats://127.0.0.1:${order.port}` }, 'delivery')
  const stream = streamName(order.region)
  const place = { startedMs: 0, bytes: 0 }
  const cpu = process.cpuUsage()
  const isLast = (sequence: number, sizeBytes: number): boolean => {
    if (place.startedMs === 0) place.startedMs = performance.now()
    else place.bytes += sizeBytes
    return sequence >= order.upToSequence
  }
  if (order.by === 'puller')
    await new Promise<void>((resolve, reject) => {
      const puller = new Puller({
        connection,
        self: 'bench',
        stream,
        subject: logSubject(order.region),
        fromSequence: order.fromSequence,
        receivedBytes: () => bytesRead(connection),
        api: { timeout: 5000 },
        onStatus: () => undefined,
        onMessage: ({ sequence, payload }) => {
          if (!isLast(sequence, payload.length)) return
          resolve()
          puller.end('done')
        },
        onEnd: (reason) => reject(new Error(reason)),
      })
      puller.allow(pullBytesMax)
    })
  else {
    const manager = await jetstreamManager(connection)
    const consumer = await manager.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: order.fromSequence,
      mem_storage: true,
    })
    const pulled = await jetstream(connection).consumers.get(stream, consumer.name)
    const messages = await pulled.consume({ max_messages: messagesOutstanding })
    for await (const message of messages) if (isLast(message.seq, message.data.length)) break
  }
  const ms = performance.now() - place.startedMs
  const { user, system } = process.cpuUsage(cpu)
  await connection.close()
  return { ms, bytes: place.bytes, cpuMs: (user + system) / 1000 }
}

process.on('message', (order: DeliveryOrder) => {
  // The first time is for the compiler: the node that this is held against has been running for a while, too.
  void delivered(order)
    .then(async () => await delivered(order))
    .then((result) => process.send?.(result))
})
process.once('disconnect', () => process.exit(0))
process.send?.({ type: 'ready' })
