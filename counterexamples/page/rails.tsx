import type { VNode } from 'preact'
import type { LockData, RowData } from './data.ts'
import { locksAt, type Trace } from './trace.ts'

/** Pixels between two lanes, and from the top of a line to the middle of its text. */
const LANE = 16
const MIDDLE = 11

const x = (lane: number): number => lane * LANE + LANE / 2

/** The lanes beside a line: a dot for the step, bars for locks, arrows for what it does to other lanes. */
export function Rails({ trace, row }: { trace: Trace; row: RowData | null }): VNode {
  const { lanes, steps } = trace.data
  const width = lanes.length * LANE
  const step = row === null ? undefined : steps[row.step]
  const isStep = row?.first === true
  return (
    <span class="rails" style={{ width: `${width}px` }}>
      <svg width={width} aria-hidden="true">
        {lanes.map((_, lane) => (
          <line key={lane} class={`rail lane${lane % 8}`} x1={x(lane)} x2={x(lane)} y1="0" y2="100%" />
        ))}
        {row !== null && <Bars trace={trace} row={row} />}
        {isStep && row !== null && (
          <circle class={`dot lane${row.lane % 8}`} cx={x(row.lane)} cy={MIDDLE} r="4.5" />
        )}
        {isStep &&
          row !== null &&
          [...targetsOf(row, step?.signals ?? [])].map(([lane, kind]) => (
            <Arrow key={`${kind}${lane}`} from={row.lane} to={lane} kind={kind} />
          ))}
        {isStep &&
          row !== null &&
          handedOver(trace, row).map((lane) => (
            <Arrow key={`lock${lane}`} from={lane} to={row.lane} kind="lock" />
          ))}
      </svg>
    </span>
  )
}

/** One arrow for each lane: several signals to one thread look like the first. */
function targetsOf(
  { lane: own }: RowData,
  signals: readonly { readonly kind: string; readonly lane: number }[],
): ReadonlyMap<number, string> {
  const others = signals.filter(({ lane }) => lane >= 0 && lane !== own)
  return new Map(others.map(({ lane, kind }): [number, string] => [lane, kind]).reverse())
}

/** The lanes from which this step gets a lock that they gave back last. */
function handedOver(trace: Trace, { step, lane }: RowData): number[] {
  const before = new Set(locksAt(trace, step).map(([name]) => name))
  const taken = locksAt(trace, step + 1).filter(([name]) => !before.has(name))
  return taken.flatMap(([name]) => {
    for (let at = step; at > 0; at--) {
      const owner = locksAt(trace, at).find(([other]) => other === name)?.[1]
      if (owner !== undefined) return owner >= 0 && owner !== lane ? [owner] : []
    }
    return []
  })
}

function Arrow({ from, to, kind }: { from: number; to: number; kind: string }): VNode {
  const side = to > from ? 1 : -1
  const tip = x(to) - side * 2
  const back = tip - side * 6
  return (
    <g class={`arrow ${kind}`}>
      <line x1={x(from) + side * 5} x2={back} y1={MIDDLE} y2={MIDDLE} />
      <path d={`M${back} ${MIDDLE - 4}L${tip} ${MIDDLE}L${back} ${MIDDLE + 4}Z`} />
    </g>
  )
}

/** A bar beside the lane of each thread that holds a lock: from the middle of the line where it takes it. */
function Bars({ trace, row }: { trace: Trace; row: RowData }): VNode {
  const [before, after] = [locksAt(trace, row.step), locksAt(trace, row.step + 1)]
  const lanesOf = (locks: readonly LockData[]): ReadonlySet<number> => new Set(locks.map(([, lane]) => lane))
  const [was, is] = [lanesOf(before), lanesOf(after)]
  const rows = trace.data.allRows ?? trace.data.rows
  const isAfter = row.first !== true && isBehindStep(rows, row)
  return (
    <>
      {[...new Set([...was, ...is])]
        .filter((lane) => lane >= 0)
        .map((lane) => {
          const [begins, ends] =
            row.first === true
              ? [was.has(lane), is.has(lane)]
              : isAfter
                ? [is.has(lane), is.has(lane)]
                : [was.has(lane), was.has(lane)]
          if (!begins && !ends) return null
          return (
            <rect
              key={lane}
              class={`held lane${lane % 8}`}
              x={x(lane) - 3}
              width="6"
              y={begins ? 0 : MIDDLE}
              height={ends ? '100%' : MIDDLE}
            />
          )
        })}
    </>
  )
}

/** Whether a line stands below the first line of its step, not above it as a heading does. */
function isBehindStep(rows: readonly RowData[], row: RowData): boolean {
  const first = rows.findIndex((other) => other.step === row.step && other.first === true)
  return first >= 0 && rows.indexOf(row) > first
}
