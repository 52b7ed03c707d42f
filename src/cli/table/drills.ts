/** The commands of drills. */
import { optionsOf } from '../options/of-commands.ts'
import type { CommandRow } from './command-row.ts'

export const drills: readonly CommandRow[] = [
  { name: 'drill', description: 'rehearse a disaster and report what came of it', options: [], examples: [] },
  {
    name: 'drill run',
    arguments: '<file-or-name>',
    description: 'run a drill; exit status 0 pass, 1 fail, 2 could not run',
    flags: [
      { flags: '--start', help: 'on regions of its own, in a temporary folder and on free ports' },
      { flags: '--yes', help: 'break what runs without asking first; needed outside a terminal, unless with --start' },
      { flags: '--compose <file>', help: 'on the regions of this Compose file, by Docker' },
      { flags: '--project <name>', help: 'of Compose, when it is not the one of the file' },
      { flags: '--seed <number>', help: 'what clients do is the same again with the same seed' },
      { flags: '--repeat <times>', help: 'run it so often, each time with the next seed' },
      { flags: '--out <folder>', help: 'where the report goes (default: drill-reports/NAME-TIME)' },
      { flags: '--operator <name>', help: 'who runs it, for the record (default: user@host)' },
      { flags: '--pace <factor>', help: 'make waits longer or shorter', usual: '1' },
      { flags: '--allow-harm', help: 'let it wipe disks and step clocks of regions that are not its own' },
    ],
    options: optionsOf.drill,
    examples: [
      ['longitude drill run region-loss --start', 'on regions of its own'],
      ['longitude drill run region-loss --yes', 'on the deployment that runs'],
      ['longitude drill run region-loss --compose deploy/compose.yaml', 'on containers'],
    ],
    run: async (command, json) => {
      const { runDrill } = await import('../commands/drill/drill.ts')
      await runDrill(command, json)
    },
  },
  {
    name: 'drill list',
    description: 'the drills that come with Longitude',
    options: [],
    examples: [['longitude drill list', 'names and titles']],
    run: async (_command, json) => {
      const { runDrillList } = await import('../commands/drill/drill.ts')
      runDrillList(json)
    },
  },
  {
    name: 'drill show',
    arguments: '<file-or-name>',
    description: 'print a drill, checked',
    options: [],
    examples: [['longitude drill show region-loss > mine.yaml', 'to begin one of your own']],
    run: async (command, json) => {
      const { runDrillShow } = await import('../commands/drill/drill.ts')
      runDrillShow(command, json)
    },
  },
  {
    name: 'drill report',
    arguments: '<folder-or-file>',
    description: 'make the Markdown and the page from a report again',
    options: [],
    examples: [['longitude drill report drill-reports/region-loss-2026-11-30T12-00-00', 'from its report.json']],
    run: async (command, json) => {
      const { runDrillReport } = await import('../commands/drill/drill.ts')
      runDrillReport(command, json)
    },
  },
  {
    name: 'drill trends',
    arguments: '[folder]',
    description: 'a page and a table of all runs whose reports lie below a folder (default: drill-reports)',
    options: [],
    examples: [['longitude drill trends', 'writes drill-reports/trends.html']],
    run: async (command, json) => {
      const { runDrillTrends } = await import('../commands/drill/trends.ts')
      runDrillTrends(command, json)
    },
  },
  {
    name: 'drill schedule',
    arguments: '<file>',
    description: 'run drills again and again, by a file that says which and when; until Ctrl-C',
    flags: [
      { flags: '--list', help: 'only tell when each runs next, and what its last run gave' },
      { flags: '--once', help: 'run what is due, and end; for a timer of another program' },
      { flags: '--out <folder>', help: 'where reports and history go (default: drill-reports)' },
    ],
    options: optionsOf.drill,
    examples: [
      ['longitude drill schedule schedule.yaml', 'runs each when it is due, and says when the next one is'],
      ['longitude drill schedule schedule.yaml --list', 'when each runs next'],
    ],
    run: async (command, json) => {
      const { runDrillSchedule } = await import('../commands/drill/schedule.ts')
      await runDrillSchedule(command, json)
    },
  },
  {
    name: 'drill restore',
    description: 'mend at once what a drill broke that was killed',
    options: optionsOf.drill,
    examples: [['longitude drill restore', 'links and processes']],
    run: async (command, json) => {
      const { runDrillRestore } = await import('../commands/drill/drill.ts')
      await runDrillRestore(command, json)
    },
  },
]
