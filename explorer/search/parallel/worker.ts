import { parentPort, workerData } from 'node:worker_threads'
import { ModelError } from '../../../model/language/errors.ts'
import type { TracesReport, WorkerInput, WorkerMessage, WorkerReport } from './messages.ts'
import { loadModel } from './model.ts'
import { SearchWorker } from './search-worker.ts'
import { Abandoned, isStopRequested } from './shared-memory.ts'

/** The thread of one worker: searches its share, or finds the traces to what all of them found; then reports. */

const { source, options, memory, task } = workerData as WorkerInput
const tell = (message: WorkerMessage): void => parentPort?.postMessage(message)

async function work(): Promise<WorkerReport | TracesReport> {
  const model = await loadModel(source)
  if (task.kind === 'search') return new SearchWorker(model, options, memory, task.me, task.ports).run()
  const { system, properties, onRecord } = model
  // The workers that search need not load what only this one needs.
  const { tracesTo } = await import('../breadth-first.ts')
  // Within these limits all this was found; the memory is as large as before.
  const { maxStates: _states, maxDepth: _depth, timeLimit: _time, ...others } = options
  return tracesTo(system, properties, task.sought, {
    ...others,
    ...task.limits,
    stop: () => isStopRequested(memory),
    ...(onRecord === undefined ? {} : { onRecord }),
  })
}

try {
  tell({ kind: 'done', report: await work() })
} catch (error) {
  if (error instanceof ModelError) tell({ kind: 'model-error', message: error.message })
  else if (!(error instanceof Abandoned))
    tell({
      kind: 'failure',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
}
