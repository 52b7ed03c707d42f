/** How a table is set, its indexes and its replicas; and whether its replicas are equal. */
import { useSignal } from '@preact/signals'
import { operationTold } from '../../model/told-commands.ts'
import { state } from '../live.ts'
import { Panel, Problem, useDoing } from '../parts/doing.tsx'
import { ToldAs } from '../parts/told.tsx'
import { dynamo } from './dynamo.ts'
import { Equality } from './equality.tsx'
import { Indexes } from './indexes.tsx'
import { Replicas } from './replicas.tsx'
import type { Shown } from './table-parts.ts'

export function Settings(shown: Shown) {
  return (
    <>
      <Panel title="Settings">
        <Facts {...shown} />
        <Change {...shown} />
      </Panel>
      <Panel title="Replicas">
        <Replicas {...shown} />
      </Panel>
      <Panel title="Are the replicas equal?">
        <Equality {...shown} />
      </Panel>
      <Panel title="Indexes">
        <Indexes {...shown} />
      </Panel>
    </>
  )
}

function Facts({ view }: Shown) {
  const facts = [
    ['Status', view.status],
    ['Keys', view.keys.map(({ name, type, role }) => `${name} (${type}, ${role})`).join(', ')],
    ['Capacity', view.billing],
    ['Items', `${view.items}, ${view.bytes} bytes`],
    ['Stream', view.stream],
    ['Deletion protection', view.isProtected ? 'on' : 'off'],
    ['Consistency between regions', view.consistency],
  ]
  return (
    <dl class="facts">
      {facts.map(([term, text]) => (
        <div key={term} class="fact">
          <dt>{term}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What the API has for the settings of a table, with an input to begin with. */
const changes = [
  [
    'UpdateTable',
    'Capacity',
    { BillingMode: 'PROVISIONED', ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 } },
  ],
  ['UpdateTable', 'Deletion protection', { DeletionProtectionEnabled: true }],
  ['UpdateTable', 'Stream', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } }],
  ['UpdateTimeToLive', 'Time to live', { TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires' } }],
  [
    'UpdateContinuousBackups',
    'Point-in-time recovery',
    { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
  ],
  ['DescribeTimeToLive', 'Show time to live', {}],
  ['DescribeContinuousBackups', 'Show point-in-time recovery', {}],
  ['DescribeTable', 'Show everything', {}],
  ['DeleteTable', 'Delete this replica', {}],
] as const

function Change({ view, region, look }: Shown) {
  const chosen = useSignal(0)
  const text = useSignal<string | undefined>(undefined)
  const output = useSignal('')
  const work = useDoing()
  const [operation, , more] = changes[chosen.value] ?? changes[0]
  const input = text.value ?? JSON.stringify({ TableName: view.name, ...more }, null, 2)
  const endpoint = state.value?.regions.find(({ name }) => name === region)?.endpoint ?? ''
  const send = (): void =>
    void work.run(async () => {
      output.value = JSON.stringify(await dynamo(region, operation, parsed(input)), null, 2)
      look()
    })
  return (
    <details>
      <summary>Change a setting</summary>
      <div class="fields">
        <label class="field">
          What
          <select
            value={String(chosen.value)}
            onChange={(event) => {
              chosen.value = Number(event.currentTarget.value)
              text.value = undefined
              output.value = ''
            }}
          >
            {changes.map(([name, title], index) => (
              <option key={title} value={String(index)}>
                {title} ({name})
              </option>
            ))}
          </select>
        </label>
      </div>
      <textarea
        rows={6}
        aria-label={`Input of ${operation}`}
        value={input}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      <button
        type="button"
        class={operation === 'DeleteTable' ? 'danger' : 'primary'}
        disabled={work.busy.value}
        onClick={send}
      >
        {operation} in {region}
      </button>
      <Problem of={work} />
      {output.value === '' ? null : <pre class="output">{output.value}</pre>}
      {isJson(input) ? <ToldAs told={operationTold(operation, parsed(input), { region, endpoint })} /> : null}
    </details>
  )
}

function parsed(text: string): object {
  try {
    return JSON.parse(text) as object
  } catch {
    throw new Error('this is no JSON')
  }
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
