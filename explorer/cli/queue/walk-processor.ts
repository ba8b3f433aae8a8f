import type { Checked } from '../run-check.ts'
import type { CheckSettings } from '../search-settings.ts'
import {
  endWithWorker,
  Refused,
  refusalOf,
  refuseOther,
  reporting,
  type SandboxedJob,
  searches,
} from './processor.ts'
import { type WalkResult, walkJobShape } from './walk-job.ts'

endWithWorker()

/** The program that a worker runs for each random search, in its own process. */
export default async function processWalk(
  job: SandboxedJob,
  _token: string,
  signal: AbortSignal,
): Promise<WalkResult> {
  const asked = walkJobShape.safeParse(job.data)
  if (!asked.success) throw new Refused('the job is not one of mmucheck')
  const { build, kernel, settings, ...names } = asked.data
  await refuseOther(build)
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
  const request = {
    ...names,
    ...(kernel === null ? {} : { kernel }),
    settings: { ...(given as unknown as CheckSettings), sketch: true },
  }
  const found = await searches()
    .run(request, signal, reporting(job))
    .catch((error: unknown) => {
      throw refusalOf(error)
    })
  if (signal.aborted) throw new Refused('cancelled')
  return resultOf(found)
}

function resultOf(found: Checked): WalkResult {
  const { states, transitions, depth, deadlocks, steps, properties, sketch, coverage, modelError } = found
  return {
    states,
    transitions,
    depth,
    deadlocks,
    steps: [...steps],
    properties: properties.map(({ id, verdict, antecedent, trace, subject }) => ({
      id,
      verdict,
      antecedent,
      trace:
        trace === null
          ? null
          : { initial: trace.initial, steps: trace.steps.map(({ thread, step }) => ({ thread, step })) },
      subject,
    })),
    sketch: sketch === undefined ? null : [...sketch],
    walks: coverage?.walks ?? 0,
    modelError: modelError?.message ?? null,
  }
}
