/** Functions in this process, for tests: what a handler returns or throws becomes what Lambda would tell of it. */
import { functionError, timedOut } from '../../core/triggers/function-errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DataStreams, Destinations, Functions, InvocationContext, Invoked } from '../../ports/functions.ts'

export type MemoryHandler = (event: unknown, context: MemoryContext) => unknown

export type MemoryContext = {
  readonly functionName: string
  readonly functionVersion: string
  readonly invokedFunctionArn: string
  readonly awsRequestId: string
}

type Handlers = Readonly<Record<string, MemoryHandler>>

const timeoutSeconds = 3

export class MemoryFunctions implements Functions {
  readonly #handlers: Handlers
  readonly #clock: Pick<Clock, 'after'>

  constructor(handlers: Handlers, clock: Pick<Clock, 'after'>) {
    this.#handlers = handlers
    this.#clock = clock
  }

  all(): ReturnType<Functions['all']> {
    const names = Object.keys(this.#handlers).toSorted((a, b) => (a < b ? -1 : 1))
    return names.map((name) => ({ name, target: 'a handler of the test', timeoutSeconds, memoryMb: 128 }))
  }

  async invoke(name: string, event: Buffer, about: InvocationContext): Promise<Invoked> {
    const handler = Object.hasOwn(this.#handlers, name) ? this.#handlers[name] : undefined
    if (handler === undefined)
      return { kind: 'unavailable', reason: `there is no function ${name}`, isThrottled: false }
    let cancel = (): void => undefined
    const late = new Promise<Invoked>((resolve) => {
      cancel = this.#clock.after(timeoutSeconds * 1000, () =>
        resolve({ kind: 'failed', payload: timedOut(about.requestId, timeoutSeconds) }),
      )
    })
    try {
      return await Promise.race([called(handler, event, { name, about }), late])
    } finally {
      cancel()
    }
  }
}

async function called(
  handler: MemoryHandler,
  event: Buffer,
  of: { name: string; about: InvocationContext },
): Promise<Invoked> {
  const { requestId, functionArn } = of.about
  try {
    const answer: unknown = await handler(JSON.parse(event.toString()), {
      functionName: of.name,
      functionVersion: '$LATEST',
      invokedFunctionArn: functionArn,
      awsRequestId: requestId,
    })
    return { kind: 'returned', payload: Buffer.from(JSON.stringify(answer) ?? 'null') }
  } catch (error) {
    return { kind: 'failed', payload: functionError(error) }
  }
}

export type MemoryReceiver = (report: unknown) => unknown

export class MemoryDestinations implements Destinations {
  readonly #receivers: Readonly<Record<string, MemoryReceiver>>

  constructor(receivers: Readonly<Record<string, MemoryReceiver>>) {
    this.#receivers = receivers
  }

  has(arn: string): boolean {
    return Object.hasOwn(this.#receivers, arn)
  }

  async send(arn: string, { body }: { readonly body: Buffer }): Promise<void> {
    const receiver = this.has(arn) ? this.#receivers[arn] : undefined
    if (receiver === undefined) throw new Error(`${arn} is mapped to nothing`)
    await receiver(JSON.parse(body.toString()))
  }
}

export class MemoryDataStreams implements DataStreams {
  readonly #receivers: Readonly<Record<string, MemoryReceiver>>

  constructor(receivers: Readonly<Record<string, MemoryReceiver>>) {
    this.#receivers = receivers
  }

  has(arn: string): boolean {
    return Object.hasOwn(this.#receivers, arn)
  }

  async put(arn: string, records: Parameters<DataStreams['put']>[1]): Promise<void> {
    const receiver = this.has(arn) ? this.#receivers[arn] : undefined
    if (receiver === undefined) throw new Error(`${arn} is mapped to nothing`)
    for (const { body } of records) await receiver(JSON.parse(body.toString()))
  }
}
