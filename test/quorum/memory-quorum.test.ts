import { MemoryNetwork } from '../../src/adapters/memory/memory-bus.ts'
import { MemoryQuorums } from '../../src/adapters/memory/quorum/memory-quorum.ts'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { quorumContract } from './contract.ts'

const names = ['us-east-1', 'eu-west-1', 'ap-northeast-1']

quorumContract(
  'quorum in memory',
  async () => {
    const clock = systemClock
    const random = new SeededRandom(1)
    const network = new MemoryNetwork(clock, random)
    const settings = { electionMs: 20, appendTimeoutMs: 60 }
    const quorums = new MemoryQuorums({ network, random, wallMs: () => clock.wallMs(), settings })
    const members = names.map((name) => ({ name, quorum: quorums.join(name) }))
    return {
      members,
      stop: async (name) => quorums.stop(name),
      start: async (name) => quorums.start(name),
      remove: async () => members.forEach(({ quorum }) => quorum.crash()),
    }
  },
  { patienceMs: 5000 },
)
