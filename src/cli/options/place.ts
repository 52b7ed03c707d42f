/** The region that a command asks by the API: the one that is named, or the first that runs. */
import type { Command } from 'commander'
import { regionsAdministered } from '../../deployment/endpoints.ts'
import type { Place } from '../../drills/run/load/wire.ts'
import { Failure } from '../../process/failure.ts'
import { readOptionsFound } from '../find-deployment.ts'
import { optionsOf } from './of-commands.ts'

export function placeOf(command: Command, region: string | undefined): Place {
  const running = regionsAdministered(readOptionsFound(command, optionsOf.status))
  const [name, endpoint] = running.find(([each]) => region === undefined || each === region) ?? []
  if (name === undefined || endpoint === undefined)
    throw new Failure(`no region ${region ?? ''}; running are ${running.map(([each]) => each).join(', ')}`)
  return { region: name, endpoint }
}
