import type { Layout } from '../../../model/language/layout.ts'
import { type ChangedField, StateMonitor, type StateVerdict } from '../../trace/state-monitor.ts'
import type { LogFile } from './log-file.ts'
import { eachEvent } from './passes.ts'
import type { StateReplay, TracedModel } from './traced-model.ts'

/** What came of holding properties against the states of a log. */
export interface StatesResult<W> {
  readonly verdicts: readonly StateVerdict<W>[]
  readonly unobserved: StateReplay<W, unknown>['unobserved']
  readonly states: number
  /** The log and the reconstruction disagree from this line on; null if they never did. */
  readonly disagreement: { readonly line: number; readonly text: string; readonly what: string } | null
  /** The lines of violations, as the log has them. */
  readonly texts: ReadonlyMap<number, string>
}

/** A change of something that is watched. */
export type OnChange = (line: number, field: string, from: string, to: string) => void

/** Level 1: replays a log and judges each state. */
export async function judgeStates<W, E>(
  file: LogFile,
  model: TracedModel<W, E>,
  replay: StateReplay<W, E>,
  watch: { readonly what: string; readonly onChange: OnChange } | null,
): Promise<StatesResult<W>> {
  const monitor = new StateMonitor<W>(replay.layout, replay.observed)
  const texts = new Map<number, string>()
  let now = 0
  const states = replay.begin({
    world: monitor.world,
    at: monitor.at,
    took(step) {
      if (watch !== null)
        report(replay.layout, monitor.changed(), states.pathsOf(watch.what), now, watch.onChange)
      monitor.took(step, now)
    },
  })
  let disagreement: StatesResult<W>['disagreement'] = null
  const violated = (): number => monitor.verdicts.filter(({ violatedAt }) => violatedAt !== null).length
  let known = 0
  await eachEvent(file, model.reader(false), (event, line, text) => {
    if (disagreement !== null) return
    now = line
    try {
      states.push(event)
    } catch (error) {
      if (!model.isDisagreement(error)) throw error
      disagreement = { line, text: text.trim(), what: error.message }
    }
    if (monitor.isViolated && violated() > known) {
      known = violated()
      texts.set(line, text.trim())
    }
  })
  return {
    verdicts: monitor.verdicts,
    unobserved: replay.unobserved,
    states: monitor.states,
    disagreement,
    texts,
  }
}

function report(
  { fields }: Layout,
  changes: readonly ChangedField[],
  prefixes: readonly string[],
  line: number,
  onChange: OnChange,
): void {
  for (const { field, from, to } of changes) {
    const { path, shape } = fields[field]
    if (prefixes.some((prefix) => path.startsWith(prefix)))
      onChange(line, path, String(shape.decode(from)), String(shape.decode(to)))
  }
}
