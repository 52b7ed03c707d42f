/** Handlers that behave, and handlers that do not. */
import { writeSync } from 'node:fs'

export const echo = async (event, { awsRequestId, functionName }) => {
  console.log('echo is asked')
  return {
    event,
    functionName,
    isNamed: awsRequestId.length > 0,
    region: process.env.AWS_REGION,
    secret: process.env.SECRET,
  }
}

export const behave = async ({ how }) => {
  if (how === 'throw') throw new RangeError('as told')
  if (how === 'hang') for (;;);
  if (how === 'exit') process.exit(3)
  if (how === 'eat') for (const eaten = []; ;) eaten.push(Buffer.alloc(16 * 1024 * 1024, 1))
  if (how === 'print') for (let n = 0; n < 500; n++) console.log('x'.repeat(5000))
  if (how === 'garble') writeSync(3, 'no JSON\n{"type":"returned"}\n')
  if (how === 'large') return 'x'.repeat(7 * 1024 * 1024)
  return how
}
