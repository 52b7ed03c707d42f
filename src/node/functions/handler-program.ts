/** The process that runs a handler (`longitude handler`): it loads a module, and calls one of its exports with each event that the node sends. */
import { Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { invokePayloadBytesMax } from '../../core/limits/trigger-limits.ts'
import { functionError, responseTooLarge } from '../../core/triggers/function-errors.ts'
import { type FromHandler, handlerDescriptor, type HandlerContext, Lines, type ToHandler } from './handler-lines.ts'

type Handler = (event: unknown, context: unknown) => unknown

export function runHandler(): void {
  endWithParent()
  const channel = new Socket({ fd: handlerDescriptor })
  const say = (message: FromHandler): void => void channel.write(`${JSON.stringify(message)}\n`)
  let loaded: Promise<Handler | undefined> = Promise.resolve(undefined)
  const lines = new Lines((line) => {
    const message = JSON.parse(line) as ToHandler
    if (message.type === 'start') loaded = load(message, say)
    else void loaded.then(async (handler) => (handler === undefined ? undefined : say(await called(handler, message))))
  })
  channel.on('data', (chunk) => void lines.take(chunk))
  channel.on('error', () => process.exit(1))
  channel.on('end', () => process.exit(0))
}

/** A handler that never rests keeps this thread busy: another one sees that the node has gone. */
function endWithParent(): void {
  const watch = `setInterval(() => { if (process.ppid !== ${process.ppid}) process.kill(process.pid, 'SIGKILL') }, 500)`
  new Worker(watch, { eval: true, stdout: false, stderr: false, execArgv: [] }).unref()
}

async function load(
  { module: path, export: name }: ToHandler & { type: 'start' },
  say: (message: FromHandler) => void,
): Promise<Handler | undefined> {
  try {
    const module = (await import(pathToFileURL(path).href)) as Record<string, unknown> & {
      default?: Record<string, unknown>
    }
    const handler = module[name] ?? module.default?.[name]
    if (typeof handler !== 'function') throw new TypeError(`${name} is no function that ${path} exports`)
    say({ type: 'ready' })
    return handler as Handler
  } catch (error) {
    say({ type: 'failed', payload: functionError(error).toString() })
    return undefined
  }
}

async function called(handler: Handler, { event, context }: ToHandler & { type: 'invoke' }): Promise<FromHandler> {
  try {
    const answer: unknown = await handler(JSON.parse(event), contextOf(context))
    const payload = JSON.stringify(answer) ?? 'null'
    if (Buffer.byteLength(payload) <= invokePayloadBytesMax) return { type: 'returned', payload }
    return { type: 'failed', payload: responseTooLarge().toString() }
  } catch (error) {
    console.error(error)
    return { type: 'failed', payload: functionError(error).toString() }
  }
}

function contextOf({ deadlineMs, ...context }: HandlerContext): object {
  return { ...context, getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()) }
}
