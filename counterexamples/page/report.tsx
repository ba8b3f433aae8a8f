import type { VNode } from 'preact'
import { Judged } from './judged.tsx'
import type { Layout } from './layout.ts'
import { Picture } from './picture.tsx'
import { Steps } from './steps.tsx'
import { locksAt, type Trace } from './trace.ts'
import { Changes, Values } from './values.tsx'
import { KEYS, PANES, type View } from './view.ts'

interface Props {
  readonly trace: Trace
  readonly view: View
  readonly layout: Layout
  /** The counterexample as the text of a mail. */
  readonly text: string
  readonly set: (change: Partial<View>) => void
  /** Does what a key does. */
  readonly press: (key: string) => void
  /** Said once after something was copied. */
  readonly said: string
}

/** The page of a counterexample: its steps, and beside them the state after the chosen one. */
export function Report({ trace, view, layout, text, set, press, said }: Props): VNode {
  return (
    <>
      <Buttons trace={trace} view={view} press={press} said={said} />
      <main class="panes">
        <Steps trace={trace} view={view} go={(at) => set({ at })} />
        <StatePane trace={trace} view={view} layout={layout} text={text} set={set} />
      </main>
      {view.help && <Help close={() => set({ help: false })} />}
    </>
  )
}

const BUTTONS: readonly (readonly [key: string, label: string, title: string])[] = [
  ['g', '|<', 'the beginning (g)'],
  ['k', '<', 'previous step (k)'],
  ['j', '>', 'next step (j)'],
  ['G', '>|', 'the last step (G)'],
  ['K', '< lane', 'previous step of the same lane (K)'],
  ['J', 'lane >', 'next step of the same lane (J)'],
  ['w', 'last write', 'back to the last write of the watched value (w)'],
  ['m', 'compare', 'compare the following steps with this one (m)'],
  ['r', 'routine', 'show routine steps (r)'],
  ['c', 'copy', 'copy the diagram for a commit message (c)'],
  ['?', 'keys', 'what the keys do (?)'],
]

/** For each key a button, for readers without a keyboard. */
function Buttons({ trace, view, press, said }: Pick<Props, 'trace' | 'view' | 'press' | 'said'>): VNode {
  const isOn = (key: string): boolean | undefined =>
    key === 'r' ? view.routine : key === 'm' ? view.marked >= 0 : key === '?' ? view.help : undefined
  return (
    <nav aria-label="Steps and views">
      {BUTTONS.map(([key, label, title]) => (
        <button
          key={key}
          type="button"
          data-key={key}
          title={title}
          aria-pressed={isOn(key)}
          onClick={() => press(key)}
        >
          {label}
        </button>
      ))}
      <span class="where">
        step {view.at} / {trace.data.steps.length}
      </span>
      <output>{said}</output>
    </nav>
  )
}

/** The state after the chosen step. */
export function StatePane({ trace, view, layout, text, set }: Omit<Props, 'press' | 'said'>): VNode {
  const { at, marked, pane } = view
  const before = marked < 0 ? Math.max(0, at - 1) : marked
  const panes = PANES.filter(
    (name) => (name !== 'picture' || trace.data.picture !== undefined) && (name !== 'text' || text !== ''),
  )
  const held = locksAt(trace, at).map(([name, lane]) => {
    const by = trace.data.lanes[lane]?.role
    return by === undefined || name.includes(' by ') ? name : `${name} by ${by}`
  })
  return (
    <section class="state" aria-label="State">
      <div class="tabs" role="tablist">
        {panes.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            data-pane={name}
            aria-selected={pane === name}
            onClick={() => set({ pane: name })}
          >
            {name}
          </button>
        ))}
        {trace.data.picture !== undefined && (
          <span class="held">{held.length === 0 ? 'no lock is held' : `held: ${held.join(', ')}`}</span>
        )}
      </div>
      {pane === 'picture' && (
        <div class="scroll drawn">
          <Picture boxes={trace.boxes[at]} before={trace.boxes[before]} layout={layout} />
        </div>
      )}
      {pane === 'values' && (
        <div class="scroll">
          <Values trace={trace} view={view} set={set} />
        </div>
      )}
      {pane === 'text' && <pre class="scroll">{text}</pre>}
      <Changes trace={trace} view={view} set={set} />
      <Judged judged={trace.data.judged} at={at} />
    </section>
  )
}

/** What the keys do, and how to read the page. */
function Help({ close }: { close: () => void }): VNode {
  return (
    <div class="help" role="dialog" aria-label="Keys">
      <h2>Keys</h2>
      <dl>
        {KEYS.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <h2>How to read it</h2>
      <ul>
        <li>A line is an atomic step; a dot beside it says in which lane.</li>
        <li>
          A thick bar: the thread holds a lock. A dotted arrow: it gets the lock that the other one gave back.
        </li>
        <li>A solid arrow: a request, an IPI or a flush for another lane.</li>
        <li>Letters are those of the text, which says why it fails.</li>
        <li>
          In the picture, * is what the step changed. What is freed is dashed, and drawn while something
          points at it.
        </li>
        <li>#7 at the end of the address is step 7.</li>
      </ul>
      <button type="button" onClick={close}>
        close
      </button>
    </div>
  )
}
