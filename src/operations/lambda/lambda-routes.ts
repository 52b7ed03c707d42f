/** Lambda's operations by method and path. */
import {
  createEventSourceMapping,
  deleteEventSourceMapping,
  getEventSourceMapping,
  listEventSourceMappings,
  updateEventSourceMapping,
} from './event-source-mappings.ts'
import { lambdaPrefix } from '../../core/wire/body-size.ts'
import { getFunction, invoke, listFunctions } from './function-operations.ts'
import type { LambdaOperation } from './lambda-operation.ts'

type Route = { readonly method: string; readonly path: RegExp; readonly operation: LambdaOperation }

const routes: readonly Route[] = [
  { method: 'POST', path: /^event-source-mappings\/?$/, operation: createEventSourceMapping },
  { method: 'GET', path: /^event-source-mappings\/?$/, operation: listEventSourceMappings },
  { method: 'GET', path: /^event-source-mappings\/([^/]+)$/, operation: getEventSourceMapping },
  { method: 'PUT', path: /^event-source-mappings\/([^/]+)$/, operation: updateEventSourceMapping },
  { method: 'DELETE', path: /^event-source-mappings\/([^/]+)$/, operation: deleteEventSourceMapping },
  { method: 'POST', path: /^functions\/([^/]+)\/invocations$/, operation: invoke },
  { method: 'GET', path: /^functions\/?$/, operation: listFunctions },
  { method: 'GET', path: /^functions\/([^/]+)$/, operation: getFunction },
]

/** `path` begins with the prefix. Undefined for what is no operation here. */
export function lambdaOperationAt(
  method: string,
  path: string,
): { readonly operation: LambdaOperation; readonly named: string } | undefined {
  const rest = path.slice(lambdaPrefix.length)
  for (const route of routes) {
    const match = route.method === method ? route.path.exec(rest) : null
    if (match !== null) return { operation: route.operation, named: decoded(match[1] ?? '') }
  }
  return undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
