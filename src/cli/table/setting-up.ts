/** The commands that prepare a deployment, or this shell. */
import { optionsOf } from '../options/of-commands.ts'
import type { CommandRow } from './command-row.ts'

export const settingUp: readonly CommandRow[] = [
  {
    name: 'deployment',
    description: 'write what regions on machines of their own need: certificates, NATS servers, nodes',
    flags: [
      { flags: '--renew', help: 'new certificates also where the old ones are good' },
      {
        flags: '--rotate [region...]',
        help: 'other names in them too, for all regions or these: the old certificates are refused',
      },
    ],
    options: optionsOf.deployment,
    examples: [
      [
        'longitude deployment --hosts us-east-1=a.example.com --hosts eu-west-1=b.example.com',
        'a folder for each host',
      ],
    ],
    run: async (command, json) => {
      const { runDeployment } = await import('../commands/set-up/deployment.ts')
      await runDeployment(command, json)
    },
  },
  {
    name: 'secrets',
    description: 'make the secrets of regions at NATS servers that are missing, or new ones',
    flags: [
      {
        flags: '--rotate [region...]',
        help: 'new secrets for all regions that have some, or for these: the old ones are refused from then on',
      },
    ],
    options: optionsOf.secrets,
    examples: [['longitude secrets --rotate', 'of the deployment that runs, which takes them up by itself']],
    run: async (command, json) => {
      const { runSecrets } = await import('../commands/set-up/secrets.ts')
      await runSecrets(command, json)
    },
  },
  {
    name: 'certificates',
    description: 'show the certificates of a deployment that speaks TLS, or make new ones',
    flags: [
      { flags: '--renew', help: 'a new certificate by the same authority' },
      { flags: '--rotate', help: 'a new authority too, for when somebody else may have its key' },
    ],
    options: optionsOf.certificates,
    examples: [['longitude certificates', 'for which names they are, and until when']],
    run: async (command, json) => {
      const { runCertificates } = await import('../commands/set-up/certificates.ts')
      await runCertificates(command, json)
    },
  },
  {
    name: 'nats-server',
    description: 'make sure of a nats-server and say which',
    options: optionsOf.natsServer,
    examples: [['longitude nats-server', 'its path and version']],
    run: async (command, json) => {
      const { runNatsServer } = await import('../commands/set-up/nats-server.ts')
      await runNatsServer(command, json)
    },
  },
  {
    name: 'completion',
    arguments: '<shell>',
    description: 'print what bash, zsh or fish reads to complete commands and options',
    options: [],
    examples: [
      ['eval "$(longitude completion bash)"', 'in ~/.bashrc, or with zsh in ~/.zshrc'],
      ['longitude completion fish > ~/.config/fish/completions/longitude.fish', 'in fish'],
    ],
    run: async (command, json) => {
      const { runCompletion } = await import('../commands/set-up/completion.ts')
      await runCompletion(command, json)
    },
  },
]
