/** The operations of IAM (API version 2010-05-08): what its handlers say, kept by the port that changes the identities. */
import { IdentityProblem } from '../../core/access/identities/identities.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { model } from '../../core/wire/model/iam-model.ts'
import { linkedInputs } from '../../core/wire/model/linking.ts'
import { type Caller, Callers } from '../access/callers.ts'
import type { Service, ServiceCall } from '../service-entry.ts'
import type { Asked, Handler, Handlers } from './iam-handler.ts'
import type { IamPorts } from './iam-ports.ts'
import { keyAndGroupHandlers } from './keys-and-groups.ts'
import { managedPolicyHandlers } from './iam-policies.ts'
import { principalHandlers } from './iam-principals.ts'
import { tagHandlers } from './iam-tags.ts'
import { simulate } from './simulate.ts'

const handlers: Handlers = {
  ...principalHandlers,
  ...keyAndGroupHandlers,
  ...managedPolicyHandlers,
  ...tagHandlers,
}

export function iamService(ports: IamPorts): Service {
  const inputs = linkedInputs(model)
  const callers = new Callers(ports.identities)
  return {
    namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    errorNamespace: 'com.amazonaws.iam',
    inputOf: (operation) => inputs.get(operation),
    run: async (call) => {
      if (call.operation.startsWith('Simulate')) return simulate(call, ports)
      const handler = handlers[call.operation]
      if (handler === undefined) throw new ServiceRefusal('InvalidAction', `IAM's ${call.operation} is not served here`)
      return await answered(handler, call, { ports, caller: callers.callerOf(call.principal) })
    },
  }
}

type Of = { readonly ports: IamPorts; readonly caller: Caller | undefined }

async function answered(handler: Handler, { input }: ServiceCall, { ports, caller }: Of): Promise<object | undefined> {
  const asked = (): Asked => {
    const identities = ports.identities()
    const { definitions } = identities
    const random = (count: number): Buffer => ports.random.bytes(count)
    return { input: input, identities, definitions, nowMs: ports.clock.wallMs(), random, caller: caller?.userName }
  }
  const first = handler(asked())
  if (first.definitions === undefined) return first.output
  // Where policies decide nothing they do not decide who may write them either.
  if (ports.mode !== 'strict' && caller?.identity.kind !== 'root') throw needsStrict()
  let output: object | undefined
  try {
    // Decided once more on what is kept by then.
    await ports.change((definitions) => {
      const answer = handler({ ...asked(), definitions })
      output = answer.output
      return answer.definitions ?? definitions
    })
  } catch (error) {
    if (error instanceof IdentityProblem)
      throw new ServiceRefusal('LimitExceeded', error.message, { type: 'LimitExceededException', status: 409 })
    throw error
  }
  return output
}

const needsStrict = (): ServiceRefusal =>
  new ServiceRefusal(
    'AccessDenied',
    'Identities are changed by the keys of the root, or by users where policies decide (--access strict)',
    { status: 403 },
  )
