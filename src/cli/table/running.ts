/** The commands that run something. */
import { optionsOf } from '../options/of-commands.ts'
import type { CommandRow } from './command-row.ts'

export const running: readonly CommandRow[] = [
  {
    name: 'up',
    description: 'run all regions on this machine until Ctrl-C',
    options: optionsOf.up,
    examples: [
      ['longitude up', 'three regions, the data in ./data'],
      ['longitude up --regions us-east-1,eu-central-1 --base-port 9000', 'others, elsewhere'],
      ['longitude up --name shop --data ~/shop/data', 'commands find it by --name shop, from any folder'],
      ['longitude up --credentials keys.json', 'every signature is verified'],
    ],
    run: async (command, json) => {
      const { runUp } = await import('../commands/run/up.ts')
      await runUp(command, json)
    },
  },
  {
    name: 'demo',
    description: 'cut two regions apart, write in both, and see what comes of it',
    flags: [{ flags: '--keep', help: 'leave the regions running until Ctrl-C' }],
    options: optionsOf.natsServer,
    examples: [
      ['longitude demo', 'in about twenty seconds'],
      ['longitude demo --keep', 'and go on with the two regions'],
    ],
    run: async (command, json) => {
      const { runDemo } = await import('../commands/run/demo.ts')
      await runDemo(command, json)
    },
  },
  {
    name: 'serve',
    description: 'run regions in memory, for tests in any language',
    flags: [
      { flags: '--ephemeral', help: 'nothing is kept (needed: there is no other kind yet)' },
      { flags: '--regions <names>', help: 'separated by commas; several replicate to each other', usual: 'us-east-1' },
      {
        flags: '--port <port>',
        help: 'of the first region, the others after it; 0 takes free ones',
        usual: '0',
      },
      { flags: '--tables <file...>', help: 'tables from a template, a plan or a model (docs/coding/testing.md)' },
      {
        flags: '--clock <clock>',
        help: 'real, or manual: time stands until it is advanced',
        usual: 'real',
        values: ['real', 'manual'],
      },
      { flags: '--seed <number>', help: 'the chance of a run with a manual clock is the same again' },
    ],
    options: [],
    examples: [
      ['longitude serve --ephemeral', 'one region on a free port, which it prints'],
      ['longitude serve --ephemeral --regions us-east-1,eu-west-1 --tables template.yaml --json', 'two, with tables'],
    ],
    run: async (command, json) => {
      const { runServe } = await import('../commands/run/serve.ts')
      await runServe(command, json)
    },
  },
  {
    name: 'node',
    description: 'run the node of one region',
    options: optionsOf.node,
    examples: [
      ['longitude node --region us-east-1 --data /var/lib/longitude', 'a region alone'],
      ['longitude node --region us-east-1 --peer eu-west-1=nats://10.0.0.2:4222', 'with a peer'],
    ],
    run: async (command, json) => {
      const { runNode } = await import('../commands/run/node.ts')
      await runNode(command, json)
    },
  },
  {
    name: 'cache',
    description: 'run a cache with the semantics of DAX before one region',
    options: optionsOf.cache,
    examples: [
      ['longitude cache --region us-east-1 --upstream http://127.0.0.1:8000', 'on port 8050'],
      [
        'longitude cache --region us-east-1 --upstream http://127.0.0.1:8000 --mode dax --item-ttl 1m',
        'as DAX does it',
      ],
    ],
    run: async (command, json) => {
      const { runCache } = await import('../commands/run/cache.ts')
      await runCache(command, json)
    },
  },
  {
    name: 'front-door',
    description: 'one endpoint for all regions: each request goes to the region that its signature names',
    options: optionsOf.frontDoor,
    examples: [
      ['longitude front-door', 'for the regions that run on this machine'],
      ['longitude front-door --upstream us-east-1=http://a:8000 --upstream eu-west-1=http://b:8000', 'for others'],
    ],
    run: async (command, json) => {
      const { runFrontDoor } = await import('../commands/run/front-door.ts')
      await runFrontDoor(command, json)
    },
  },
  {
    name: 'balancer',
    description: 'one endpoint before the nodes of a region: connections go to those that are ready',
    options: optionsOf.balancer,
    examples: [
      [
        'longitude balancer --region eu-west-1 --node-endpoint a=http://10.0.1.1:8000 --node-endpoint b=http://10.0.2.1:8000',
        'on port 8000',
      ],
    ],
    run: async (command, json) => {
      const { runBalancer } = await import('../commands/run/balancer.ts')
      await runBalancer(command, json)
    },
  },
  {
    name: 'console',
    description: 'one page that shows the deployment: every region, what is between them, items, conflicts',
    flags: [{ flags: '--url', help: 'print the address of the console that runs, with its key, and end' }],
    options: optionsOf.console,
    examples: [
      ['longitude console --url', 'where the console of the running deployment is'],
      ['longitude console', 'for the regions that run on this machine without one'],
    ],
    run: async (command, json) => {
      const { runConsole } = await import('../commands/run/console.ts')
      await runConsole(command, json)
    },
  },
  {
    name: 'vantage',
    arguments: '<region>',
    description: 'reach every region from local ports, with the distances from another region',
    options: optionsOf.vantage,
    examples: [['longitude vantage ap-southeast-2', 'each region as late as from Sydney']],
    run: async (command, json) => {
      const { runVantage } = await import('../commands/run/vantage.ts')
      await runVantage(command, json)
    },
  },
]
