import type { VNode } from 'preact'
import { differences, type Trace, writersOf } from './trace.ts'
import type { View } from './view.ts'

interface Props {
  readonly trace: Trace
  readonly view: View
  readonly set: (change: Partial<View>) => void
}

/** All variables of the state; a click watches one. */
export function Values({ trace, view, set }: Props): VNode {
  const { at, watched, constant } = view
  const { variables, initial } = trace.data
  const shown = variables
    .map((_, variable) => variable)
    .filter((variable) => constant || writersOf(trace, variable).length > 0)
  return (
    <div class="values">
      <label>
        <input
          id="constant"
          type="checkbox"
          checked={constant}
          onChange={() => set({ constant: !constant })}
        />{' '}
        also what no step of this trace changes
      </label>
      <p id="watch">{watchText(trace, watched)}</p>
      <table>
        <tbody id="fields">
          {shown.map((variable) => {
            const now = trace.states[at][variable]
            const before = at === 0 ? now : trace.states[at - 1][variable]
            const changed = now !== before
            const note = changed
              ? `was ${before}`
              : now === initial[variable]
                ? ''
                : `at first ${initial[variable]}`
            return (
              <tr
                key={variable}
                class={`${changed ? 'changed' : ''}${variable === watched ? ' watched' : ''}`}
                onClick={() => set({ watched: watched === variable ? -1 : variable })}
              >
                <td>{changed ? '*' : ''}</td>
                <th scope="row">{variables[variable]}</th>
                <td>{now}</td>
                <td class="note">{note}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

function watchText(trace: Trace, watched: number): string {
  if (watched < 0) return 'Click a value to see which steps write it.'
  const by = writersOf(trace, watched)
  const steps = by.length === 0 ? 'no step' : by.map((s) => `step ${s}`).join(', ')
  return `${trace.data.variables[watched]} is written by ${steps}; w goes back to the last one.`
}

/** What differs from the state before, or from the marked one. */
export function Changes({ trace, view, set }: Props): VNode {
  const { at, marked } = view
  const from = marked < 0 ? Math.max(0, at - 1) : marked
  const found = differences(trace, from, at)
  const step = at === 0 ? undefined : trace.data.steps[at - 1]
  const title = step === undefined ? 'State at the beginning' : `State after step ${at}: ${step.name}`
  return (
    <div class="changes">
      <h2 id="state">{title}</h2>
      <p class="compared">
        {marked >= 0
          ? `Compared with step ${marked}; m ends that.`
          : (step?.text ?? 'The steps of the trace begin here.')}
      </p>
      <ul id="changes">
        {found.length === 0 && at > 0 && <li class="none">nothing differs</li>}
        {found.map(({ variable, before, now }) => (
          <li key={variable} class="difference">
            <button
              type="button"
              class="field"
              title="watch"
              onClick={() => set({ watched: variable, pane: 'values' })}
            >
              {trace.data.variables[variable]}
            </button>
            {`: ${before} -> `}
            <b>{now}</b>
          </li>
        ))}
      </ul>
    </div>
  )
}
