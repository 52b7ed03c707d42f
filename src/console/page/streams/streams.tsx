/** Change streams: the records of a table as they come, and what is sent to functions. */
import { signedIn } from '../console-api.ts'
import { WantsKey } from '../parts/wants-key.tsx'
import { Tail } from './tail.tsx'
import { Triggers } from './triggers.tsx'

export function Streams() {
  if (signedIn.value !== true) return <WantsKey />
  return (
    <>
      <Tail />
      <Triggers />
    </>
  )
}
