/**
 * The command line. Every command reads its options through configuration.ts and is imported only when it runs, so that
 * a short command does not wait for the packages of a long one.
 */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { z } from 'zod'
import { addOptions } from './configuration.ts'
import { optionsOf } from './options/of-commands.ts'
import type { OptionName } from './options/rows.ts'
import { isOutOfDescriptors, tooFewDescriptors } from '../process/descriptors.ts'
import { Failure, codeOf, exitCode } from '../process/failure.ts'
import { keepFilesPrivate } from '../process/private-files.ts'

keepFilesPrivate()

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')))

const program = new Command('longitude')
  .description('Self-hosted DynamoDB with real global tables.')
  .version(version)
  .showHelpAfterError()
  .enablePositionalOptions()
  .addHelpText(
    'after',
    '\nEvery option can also be given by its environment variable or in longitude.json; a flag wins over the\nvariable, the variable over the file.',
  )

type Run = (command: Command, json: boolean) => Promise<void>

function define(name: string, description: string, of: readonly OptionName[], run: Run): Command {
  return defineBelow(program, name, description, of, run)
}

function defineBelow(parent: Command, name: string, description: string, of: readonly OptionName[], run: Run): Command {
  const command = addOptions(parent.command(name).description(description), of).option('--json', 'print JSON')
  return command.action(async () => await run(command, command.opts<{ json?: boolean }>().json === true))
}

define('up', 'run all regions on this machine until Ctrl-C', optionsOf.up, async (command, json) => {
  const { runUp } = await import('./commands/run/up.ts')
  await runUp(command, json)
})

define('node', 'run the node of one region', optionsOf.node, async (command) => {
  const { runNode } = await import('./commands/run/node.ts')
  await runNode(command)
})

define('cache', 'run a cache with the semantics of DAX before one region', optionsOf.cache, async (command) => {
  const { runCache } = await import('./commands/run/cache.ts')
  await runCache(command)
})

define('status', 'show regions, links, lag and health', optionsOf.status, async (command, json) => {
  const { runStatus } = await import('./commands/show/status.ts')
  await runStatus(command, json)
}).option('--check', 'exit status 1 when a region is not ready, 2 when one does not answer')

define('conflicts <table>', 'show the writes that lost last-writer-wins', optionsOf.status, async (command, json) => {
  const { runConflicts } = await import('./commands/show/conflicts.ts')
  await runConflicts(command, json)
})
  .option('--region <name>', 'those of one region only, as met there')
  .option('--follow', 'go on with those to come')

const streams = program.command('streams').description('change streams of tables')

defineBelow(
  streams,
  'tail <table>',
  'follow the change stream of a table in one region, each record a line of JSON',
  optionsOf.status,
  async (command) => {
    const { runStreamsTail } = await import('./commands/show/streams.ts')
    await runStreamsTail(command)
  },
)
  .option('--region <name>', 'the region whose stream it is (default: the first)')
  .option('--from <where>', 'oldest: all that can be read; now: what is to come (default: now)')

const watermarkAge = [
  '--watermark-age-max <duration>',
  'an older watermark proves nothing: exit status 2 (default: 10s)',
] as const

define(
  'verify <table>',
  'compare all replicas of a table; exit status 0 equal, 1 different, 2 not known or an old watermark',
  optionsOf.status,
  async (command, json) => {
    const { runVerify } = await import('./commands/show/verify.ts')
    await runVerify(command, json)
  },
).option(...watermarkAge)

define(
  'repair <table>',
  'mend what replicas differ in, and compare again; exit status as of verify',
  optionsOf.status,
  async (command, json) => {
    const { runRepair } = await import('./commands/show/verify.ts')
    await runRepair(command, json)
  },
).option(...watermarkAge)

define('pause [table]', 'pause replication of a table or of a link', optionsOf.status, async (command, json) => {
  const { runPause } = await import('./commands/change/pause.ts')
  await runPause(command, json)
})
  .option('--link <a..b>', 'everything between two regions')
  .option('--for <duration>', 'such as 90s, 5m or PT5M')

define('resume [table]', 'resume what was paused, before its time', optionsOf.status, async (command, json) => {
  const { runResume } = await import('./commands/change/pause.ts')
  await runResume(command, json)
}).option('--link <a..b>', 'everything between two regions')

const replicas = program.command('replicas').description('replicas of tables, for operators')

defineBelow(
  replicas,
  'remove <table> <region>',
  'remove a replica; with --force also one that a lost region keeps CREATING',
  optionsOf.status,
  async (command, json) => {
    const { runReplicasRemove } = await import('./commands/change/replicas.ts')
    await runReplicasRemove(command, json)
  },
).option('--force', 'also while the table is UPDATING')

const ttl = program.command('ttl').description('items that expire')

defineBelow(
  ttl,
  'run <table>',
  'delete now, in every region, what it would have deleted by a time',
  optionsOf.status,
  async (command, json) => {
    const { runTtl } = await import('./commands/change/ttl.ts')
    await runTtl(command, json)
  },
).option('--at <time>', 'seconds since 1970 or a date such as 2027-01-31T12:00:00Z; now when not given')

define(
  'deployment',
  'write what regions on machines of their own need: certificates, NATS servers, nodes',
  optionsOf.deployment,
  async (command, json) => {
    const { runDeployment } = await import('./commands/set-up/deployment.ts')
    await runDeployment(command, json)
  },
)
  .option('--renew', 'new certificates also where the old ones are good')
  .option('--rotate [region...]', 'other names in them too, for all regions or these: the old certificates are refused')

define(
  'secrets',
  'make the secrets of regions at NATS servers that are missing, or new ones',
  optionsOf.secrets,
  async (command, json) => {
    const { runSecrets } = await import('./commands/set-up/secrets.ts')
    await runSecrets(command, json)
  },
).option(
  '--rotate [region...]',
  'new secrets for all regions that have some, or for these: the old ones are refused from then on',
)

define('nats-server', 'make sure of a nats-server and say which', optionsOf.natsServer, async (command, json) => {
  const { runNatsServer } = await import('./commands/set-up/nats-server.ts')
  await runNatsServer(command, json)
})

const links = define('links', 'show the links between the regions', optionsOf.links, async (command, json) => {
  const { runLinks } = await import('./commands/change/links.ts')
  await runLinks(command, json)
}).enablePositionalOptions()

defineBelow(
  links,
  'set <link...>',
  'change links while they run: a..b (both ways), a>b (one), a..all, all',
  optionsOf.links,
  async (command, json) => {
    const { runLinksSet } = await import('./commands/change/links.ts')
    await runLinksSet(command, json)
  },
)
  .option('--rtt <time>', 'round trip, such as 120ms')
  .option('--jitter <time>', 'the round trip varies by so much to either side')
  .option('--bandwidth <rate>', 'such as 50mbit, or none')
  .option('--stall <share/time>', 'such as 5%/300ms, or none')
  .option('--down', 'a black hole: nothing comes through and nobody is told')
  .option('--reset', 'break connections and refuse new ones')
  .option('--up', 'end --down and --reset')
  .option('--one-way', 'a..b means only what travels from a to b')
  .option('--owner <name>', 'whose fault this is')
  .option('--for <duration>', 'ends by itself after 90s, 5m or PT5M')

defineBelow(links, 'heal [link...]', 'end all faults', optionsOf.links, async (command, json) => {
  const { runLinksHeal } = await import('./commands/change/links.ts')
  await runLinksHeal(command, json)
}).option('--owner <name>', 'only those of an owner')

defineBelow(
  links,
  'run',
  'carry links: the process that `up` and the containers run',
  optionsOf.linksRun,
  async (command) => {
    const { runLinksRole } = await import('./commands/run/links-role.ts')
    await runLinksRole(command)
  },
)

const drill = program.command('drill').description('rehearse a disaster and report what came of it')

defineBelow(
  drill,
  'run <file-or-name>',
  'run a drill; exit status 0 pass, 1 fail, 2 could not run',
  optionsOf.drill,
  async (command, json) => {
    const { runDrill } = await import('./commands/drill/drill.ts')
    await runDrill(command, json, version)
  },
)
  .option('--start', 'on regions of its own, in a temporary folder and on free ports')
  .option('--compose <file>', 'on the regions of this Compose file, by Docker')
  .option('--project <name>', 'of Compose, when it is not the one of the file')
  .option('--seed <number>', 'what clients do is the same again with the same seed')
  .option('--repeat <times>', 'run it so often, each time with the next seed')
  .option('--out <folder>', 'where the report goes (default: drill-reports/NAME-TIME)')
  .option('--pace <factor>', 'make waits longer or shorter', '1')
  .option('--allow-harm', 'let it wipe disks and step clocks of regions that are not its own')

defineBelow(drill, 'list', 'the drills that come with Longitude', [], async (_command, json) => {
  const { runDrillList } = await import('./commands/drill/drill.ts')
  runDrillList(json)
})

defineBelow(drill, 'show <file-or-name>', 'print a drill, checked', [], async (command, json) => {
  const { runDrillShow } = await import('./commands/drill/drill.ts')
  runDrillShow(command, json)
})

defineBelow(
  drill,
  'report <folder-or-file>',
  'make the Markdown and the page from a report again',
  [],
  async (command, json) => {
    const { runDrillReport } = await import('./commands/drill/drill.ts')
    runDrillReport(command, json)
  },
)

defineBelow(
  drill,
  'restore',
  'mend at once what a drill broke that was killed',
  optionsOf.drill,
  async (command, json) => {
    const { runDrillRestore } = await import('./commands/drill/drill.ts')
    await runDrillRestore(command, json)
  },
)

define(
  'vantage <region>',
  'reach every region from local ports, with the distances from another region',
  optionsOf.vantage,
  async (command, json) => {
    const { runVantage } = await import('./commands/run/vantage.ts')
    await runVantage(command, json)
  },
)

define(
  'front-door',
  'one endpoint for all regions: each request goes to the region that its signature names',
  optionsOf.frontDoor,
  async (command) => {
    const { runFrontDoor } = await import('./commands/run/front-door.ts')
    await runFrontDoor(command)
  },
)

define(
  'demo',
  'cut two regions apart, write in both, and see what comes of it',
  optionsOf.natsServer,
  async (command) => {
    const { runDemo } = await import('./commands/run/demo.ts')
    await runDemo(command)
  },
).option('--keep', 'leave the regions running until Ctrl-C')

define('serve', 'run regions in memory, for tests in any language', [], async (command, json) => {
  const { runServe } = await import('./commands/run/serve.ts')
  await runServe(command, json)
})
  .option('--ephemeral', 'nothing is kept (needed: there is no other kind yet)')
  .option('--regions <names>', 'separated by commas; several replicate to each other', 'us-east-1')
  .option('--port <port>', 'of the first region, the others after it; 0 takes free ones', '0')
  .option('--tables <file...>', 'tables from a template, a plan or a model (docs/testing.md)')
  .option('--clock <clock>', 'real, or manual: time stands until it is advanced', 'real')
  .option('--seed <number>', 'the chance of a run with a manual clock is the same again')

program.command('worker', { hidden: true }).action(async () => {
  const { runWorkerCommand } = await import('./commands/run/worker.ts')
  await runWorkerCommand()
})

// Whoever reads the output may have had enough of it, as `head` does.
process.stdout.on('error', (error) => {
  if (codeOf(error) === 'EPIPE') process.exit(0)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof Failure) console.error(`longitude: ${error.message}`)
  else if (isOutOfDescriptors(error)) console.error(`longitude: ${tooFewDescriptors()}`)
  else console.error(error)
  process.exit(exitCode.failure)
}
