/** What a service beside DynamoDB refuses a request with, in all of its protocols. */
export type RefusalOptions = {
  /** The shape's name in the service's model, where it is not as the code of the Query protocol. */
  readonly type?: string
  readonly status?: number
  /** Further members of the error's shape. */
  readonly members?: Readonly<Record<string, unknown>>
}

export class ServiceRefusal extends Error {
  override readonly name = 'ServiceRefusal'
  /** As the Query protocol has it: `ResourceNotFound`, `ValidationError`. */
  readonly code: string
  readonly type: string
  readonly status: number
  readonly members: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, { type = code, status = 400, members = {} }: RefusalOptions = {}) {
    super(message)
    this.code = code
    this.type = type
    this.status = status
    this.members = members
  }

  get fault(): 'Sender' | 'Receiver' {
    return this.status >= 500 ? 'Receiver' : 'Sender'
  }
}
