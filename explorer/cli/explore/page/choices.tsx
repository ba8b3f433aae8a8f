import type { VNode } from 'preact'
import type { ExploreData, StepChoice } from './explore-data.ts'

interface Props {
  readonly data: ExploreData
  /** The state that is looked at, and the last one. */
  readonly here: number
  readonly length: number
  /** The state that others are compared with; -1 for the one before each. */
  readonly marked: number
  /** Compares with the state that is looked at, or with the one before each again. */
  readonly compare: () => void
  readonly said: string
  readonly take: (step: Pick<StepChoice, 'thread' | 'step'>) => void
  /** Drops the steps after the state that is looked at. */
  readonly cut: () => void
  readonly undo: () => void
  readonly until: (condition: string) => void
  readonly save: (as: 'counterexample' | 'test') => void
}

/** What can be done next: steps to take, what is blocked and why, a condition to search for. */
export function Choices({
  data,
  here,
  length,
  marked,
  compare,
  said,
  take,
  cut,
  undo,
  until,
  save,
}: Props): VNode {
  const isLast = here === length
  return (
    <div class="choices">
      <nav>
        <button type="button" id="undo" onClick={undo}>
          undo (u)
        </button>
        <button type="button" id="compare" aria-pressed={marked >= 0} onClick={compare}>
          {marked < 0 ? 'compare with this state (m)' : `compared with state ${marked} (m)`}
        </button>
        <button type="button" id="save" onClick={() => save('counterexample')}>
          save as counterexample
        </button>
        <button type="button" id="save-test" onClick={() => save('test')}>
          save as test
        </button>
        <output>{said}</output>
      </nav>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const field = event.currentTarget.elements.namedItem('condition')
          if (field instanceof HTMLInputElement) until(field.value)
        }}
      >
        <input
          name="condition"
          aria-label="condition to search for"
          placeholder="until: page[0].role_invalid && vcpu0.mode == IN_GUEST_MODE"
        />
        <button type="submit">search</button>
      </form>
      {isLast ? (
        <>
          {data.enabled.map(({ thread, step, text, violates }, index) => (
            <button
              key={`${thread} ${step}`}
              type="button"
              data-take={index}
              onClick={() => take({ thread, step })}
            >
              <b>{index < 9 ? index + 1 : ''}</b> {thread} {step}: {text}
              {violates !== null && <span class="violated"> violates {violates}</span>}
            </button>
          ))}
          {data.enabled.length === 0 && <p>No step is possible.</p>}
          <ul>
            {data.blocked.map(({ thread, step, text, why }) => (
              <li key={`${thread} ${step}`} class="blocked">
                blocked: {thread} {step} ({text}): {why}
              </li>
            ))}
          </ul>
        </>
      ) : (
        <button type="button" id="cut" onClick={cut}>
          continue from step {here}, without the {length - here} after it
        </button>
      )}
    </div>
  )
}
