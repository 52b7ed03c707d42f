/** The containers of a Compose file, as the Docker engine knows them. */
import { execFile } from 'node:child_process'
import { basename, dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { Failure } from '../../../process/failure.ts'

export type Project = {
  readonly file: string
  /** Where it is not the one that Compose takes from the file's folder. */
  readonly name?: string | undefined
}

export type Container = {
  readonly id: string
  readonly service: string
  readonly image: string
  readonly environment: Readonly<Record<string, string>>
  readonly role: 'node' | 'balancer' | 'links' | 'other'
  /** On this machine's loopback. */
  readonly published: string | undefined
  /** As the engine has it, with its health check. */
  readonly state: string
}

const described = z.object({
  Id: z.string(),
  Config: z.object({
    Image: z.string(),
    Env: z.array(z.string()).nullable(),
    Cmd: z.array(z.string()).nullable(),
    Labels: z.record(z.string(), z.string()),
  }),
  State: z.object({ Status: z.string(), Health: z.object({ Status: z.string() }).optional() }),
  NetworkSettings: z.object({
    Ports: z.record(z.string(), z.array(z.object({ HostPort: z.string() })).nullable()).nullable(),
  }),
})

const run = promisify(execFile)
const answerMsMax = 30_000
const outputBytesMax = 16 * 1024 * 1024

/** Its output; throws a Failure with what Docker has to say. */
export async function docker(args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('docker', [...args], { timeout: answerMsMax, maxBuffer: outputBytesMax })
    return stdout.trim()
  } catch (error) {
    const { stderr = '', message } = error as { readonly stderr?: string; readonly message: string }
    throw new Failure(`docker ${args.slice(0, 2).join(' ')} …: ${stderr.trim() || message}`)
  }
}

export async function containersOf(project: Project): Promise<readonly Container[]> {
  const name = project.name ?? projectNameOf(project.file)
  const ids = await docker(['ps', '--all', '--quiet', '--filter', `label=com.docker.compose.project=${name}`])
  if (ids === '')
    throw new Failure(`the project ${name} of ${project.file} has no containers (--project names another)`)
  const found = z.array(described).parse(JSON.parse(await docker(['inspect', ...ids.split('\n')])))
  return found.filter(({ Config }) => Config.Labels['com.docker.compose.oneoff'] !== 'True').map(containerOf)
}

function containerOf({ Id, Config, State, NetworkSettings }: z.output<typeof described>): Container {
  const pairs = (Config.Env ?? []).map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)])
  const [command, second] = Config.Cmd ?? []
  const ports = Object.values(NetworkSettings.Ports ?? {}).flatMap((each) => each ?? [])
  return {
    id: Id,
    service: Config.Labels['com.docker.compose.service'] ?? '',
    image: Config.Image,
    environment: Object.fromEntries(pairs) as Record<string, string>,
    role: roleOf(command, second),
    published: ports[0]?.HostPort,
    state: State.Health === undefined ? State.Status : `${State.Status}, ${State.Health.Status}`,
  }
}

function roleOf(command: string | undefined, second: string | undefined): Container['role'] {
  if (command === 'node' || command === 'balancer') return command
  return command === 'links' && second === 'run' ? 'links' : 'other'
}

/** From this machine; undefined where nothing is published. */
export function addressOf({ environment, published }: Container): string | undefined {
  const scheme = environment['LONGITUDE_TLS'] === 'true' ? 'https' : 'http'
  return published === undefined ? undefined : `${scheme}://127.0.0.1:${published}`
}

/** Compose's own rule: COMPOSE_PROJECT_NAME, else the folder of the file. */
function projectNameOf(file: string): string {
  const named = process.env['COMPOSE_PROJECT_NAME']
  if (named !== undefined && named !== '') return named
  return basename(dirname(resolve(file)))
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
}
