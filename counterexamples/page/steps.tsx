import type { ComponentChildren, VNode } from 'preact'
import type { RowData, StepData } from './data.ts'
import { Rails } from './rails.tsx'
import { rowsOf, type Trace } from './trace.ts'
import type { View } from './view.ts'

interface Props {
  readonly trace: Trace
  readonly view: View
  readonly go: (step: number) => void
}

/** The trace, a line after the other; a click shows the state after the step of that line. */
export function Steps({ trace, view, go }: Props): VNode {
  const { data } = trace
  const rows = rowsOf(trace, view.routine)
  const ruleAt = (step: number): string | undefined => data.rules.find(({ before }) => before === step)?.text
  let last = -1
  return (
    <section class="steps" aria-label="Steps">
      <p class="lanes">
        {data.lanes.map(({ cpu, role }, lane) => (
          <span key={role} class={`lane lane${lane % 8}`}>
            <b>{lane}</b> {role} <small>{cpu}</small>
          </span>
        ))}
      </p>
      <ol class="scroll">
        <Entry step={0} view={view} go={go}>
          <span class="number">0</span>
          <Rails trace={trace} row={null} />
          <span class="text">at the beginning</span>
        </Entry>
        {rows.map((row, index) => {
          const rule = row.step === last ? undefined : ruleAt(row.step)
          last = row.step
          return [
            rule !== undefined && (
              <li key={`rule${row.step}`} class="rule">
                {rule}
              </li>
            ),
            <Line key={index} trace={trace} row={row} view={view} go={go} />,
            row.step + 1 === data.length && rows[index + 1]?.step !== row.step && (
              <End key="end" trace={trace} />
            ),
          ]
        })}
        {ruleAt(data.steps.length) !== undefined && <li class="rule">{ruleAt(data.steps.length)}</li>}
        {!rows.some(({ step }) => step + 1 === data.length) && <End trace={trace} />}
      </ol>
    </section>
  )
}

const End = ({ trace: { data } }: { trace: Trace }): VNode | null =>
  data.end === '' ? null : <li class="end">{`<--- ${data.end}`}</li>

function lineClass(step: number, { at, marked }: View): string {
  return ['line', step === at && 'here', step > at && 'ahead', step === marked && 'marked']
    .filter(Boolean)
    .join(' ')
}

/** A line that goes to a step; a heading goes to the step below it. */
function Entry({
  step,
  view,
  go,
  lane,
  heading = false,
  children,
}: Omit<Props, 'trace'> & {
  step: number
  lane?: number
  heading?: boolean
  children: ComponentChildren
}): VNode {
  const ofLane = lane === undefined ? '' : ` lane${lane % 8}`
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys j and k go to every line
    <li
      class={`${lineClass(step, view)}${ofLane}${heading ? ' heading' : ''}`}
      data-step={step}
      aria-current={step === view.at && !heading ? 'step' : undefined}
      onClick={() => go(step)}
    >
      {children}
    </li>
  )
}

function Line({ trace, row, view, go }: Props & { row: RowData }): VNode {
  const step = trace.data.steps[row.step]
  const number = row.step + 1
  const isHeading = row.first !== true
  return (
    <Entry step={number} view={view} go={go} lane={row.lane} heading={isHeading}>
      <span class="number">{isHeading ? '' : number}</span>
      <Rails trace={trace} row={row} />
      <span class="text" style={{ '--lanes': row.lane, '--calls': row.level }}>
        {!isHeading && <span class="who">{trace.data.lanes[row.lane].role} </span>}
        {breakable(row.text)}
        {!isHeading && <Signals step={step} />}
      </span>
      {row.label !== undefined && <span class="label">({row.label})</span>}
    </Entry>
  )
}

/** The text with places where a narrow window may break it, so that it does not break names. */
const breakable = (text: string): ComponentChildren[] =>
  text.split(/(?<=\(|->|, )/).flatMap((part, i) => (i === 0 ? [part] : [<wbr key={i} />, part]))

/** What the step does to other threads, in words: arrows alone are not for everybody. */
const Signals = ({ step }: { step: StepData }): VNode[] =>
  (step.signals ?? []).map(({ kind, to, text }) => (
    <span key={`${kind}${to}${text}`} class="signal" title={text}>
      {` ${kind} -> ${to}`}
    </span>
  ))
