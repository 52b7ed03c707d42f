/** The two NATS servers of a region as processes: its own, and its quorum server (docs/design/quorum.md). */
import type { Layout } from '../../deployment/layout.ts'
import type { MemberPlan } from '../children/members.ts'
import type { Log } from '../../ports/log.ts'
import { natsLines } from '../children/child-lines.ts'
import { natsArguments, natsGreets, prepareNats } from './nats-process.ts'
import { quorumAdvertised } from '../../deployment/secrets/nats/quorum-settings.ts'
import { prepareQuorum, quorumArguments } from './quorum-process.ts'
import { runVariable } from '../children/remains.ts'
import type { Sentinel } from '../children/sentinel.ts'
import { Supervised, type SupervisedOptions } from '../children/supervised.ts'
import type { DeploymentTls } from '../flags/tls-flags.ts'

export type NatsServersOptions = {
  readonly layout: Layout
  /** The program. */
  readonly natsServer: string
  /** The folder of the regions' secrets. */
  readonly secrets: string
  readonly run: string
  readonly sentinel: Sentinel
  readonly tls?: DeploymentTls | undefined
  readonly log: Log
}

const natsStopMsMax = 5000

export function natsServer(plan: MemberPlan, options: NatsServersOptions): Supervised {
  return server('nats-server', plan, options, {
    args: natsArguments(plan),
    prepare: () => prepareNats(plan, options.secrets, options.tls),
    port: plan.natsPort,
  })
}

/** Servers of a cluster try once what others advertise, which is a dead address. */
const isDeadAddress = (line: string): boolean => line.includes(` ${quorumAdvertised}:`)

export function quorumServer(plan: MemberPlan, options: NatsServersOptions): Supervised {
  return server('quorum-server', plan, options, {
    args: quorumArguments(plan),
    prepare: () => prepareQuorum({ ...options, plan }),
    port: plan.quorum?.port ?? 0,
    passesBy: isDeadAddress,
  })
}

const nodeOf = ({ of }: MemberPlan): Readonly<Record<string, string>> =>
  of === undefined ? {} : { node: of.node.name }

type Own = Pick<SupervisedOptions, 'args'> & {
  readonly prepare: () => void
  readonly port: number
  /** Lines of which nothing is told. */
  readonly passesBy?: (line: string) => boolean
}

function server(name: string, plan: MemberPlan, options: NatsServersOptions, told: Own): Supervised {
  const { port, passesBy = () => false, ...own } = told
  const { natsServer: program, run, sentinel, tls } = options
  const log = options.log.with({ region: plan.name, ...nodeOf(plan), process: name })
  const onLine = natsLines(log)
  return new Supervised({
    name,
    program,
    ...own,
    environment: { ...process.env, [runVariable]: run },
    speaks: false,
    probe: async () => await natsGreets(port, tls !== undefined),
    onLine: (line) => {
      if (!passesBy(line)) onLine(line)
    },
    log,
    sentinel,
    stopMsMax: natsStopMsMax,
  })
}
