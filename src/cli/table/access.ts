/** The commands about identities and their policies. */
import { optionsOf } from '../options/of-commands.ts'
import type { CommandRow } from './command-row.ts'

export const access: readonly CommandRow[] = [
  {
    name: 'access',
    description: 'explain and check the policies of a file of identities',
    options: [],
    examples: [],
  },
  {
    name: 'access explain',
    arguments: '<action> [table] [key]',
    description: 'tell whether a user may do something, and which statement says so',
    flags: [
      { flags: '--as <user>', help: 'a user of the file, or role/NAME' },
      { flags: '--in <region>', help: 'the region of the table', usual: 'us-east-1' },
      { flags: '--index <name>', help: 'a secondary index of the table' },
      { flags: '--attributes <names>', help: 'attributes that the request names, separated by commas' },
      { flags: '--select <select>', help: 'as in Query: ALL_ATTRIBUTES, SPECIFIC_ATTRIBUTES, COUNT …' },
      { flags: '--return-values <values>', help: 'as in UpdateItem: NONE, ALL_OLD …' },
      { flags: '--resource-policy <file>', help: 'the policy of the table (JSON)' },
    ],
    options: optionsOf.access,
    examples: [
      ['longitude access explain --as ann GetItem Orders ann', 'one item of the partition ann'],
      ['longitude access explain --as role/app Query Orders --index by-date --identities access.json', 'of a file'],
    ],
    run: async (command, json) => {
      const { runExplain } = await import('../commands/access/explain.ts')
      runExplain(command, json)
    },
  },
  {
    name: 'access lint',
    description: 'find what is usually wrong in policies; exit status 1 when something was found',
    options: optionsOf.access,
    examples: [['longitude access lint --identities access.json', 'before the file is used']],
    run: async (command, json) => {
      const { runLint } = await import('../commands/access/lint.ts')
      runLint(command, json)
    },
  },
]
