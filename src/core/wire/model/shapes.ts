/**
 * The service model, linked: every shape of a request with its members, its constraints and the name that AWS's
 * messages give it. What AWS does beyond the published model is laid over it here, once, from overlay.ts.
 */
import { required } from '../../assert.ts'
import { linkedInputs } from './linking.ts'
import { model } from './model.ts'
import { model as streamsModel } from './streams-model.ts'
import { memberOverlay, shapeOverlay } from './overlay.ts'
import type { Structure } from './shape.ts'

export const operationNames: readonly string[] = Object.keys(model.operations)

/** Of DynamoDB Streams, a service of its own: none of them is called like one of DynamoDB. */
export const streamOperationNames: readonly string[] = Object.keys(streamsModel.operations)

export function inputOf(operation: string): Structure {
  return required(inputs.get(operation), `the input shape of ${operation}`)
}

/** How the reply of an error calls the message. */
export function messageMember(code: string): string {
  return model.errors[code] ?? streamsModel.errors[code] ?? 'message'
}

const overlay = { shapes: shapeOverlay, members: memberOverlay }
const inputs = new Map([model, streamsModel].flatMap((source) => [...linkedInputs(source, overlay)]))
