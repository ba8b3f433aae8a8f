import { parentPort, workerData } from 'node:worker_threads'
import { ModelError } from '../../../model/language/errors.ts'
import type { TracesReport, WorkerInput, WorkerMessage, WorkerReport } from './messages.ts'
import { loadModel } from './model.ts'
import { SearchWorker } from './search-worker.ts'
import { Abandoned, isStopRequested } from './shared-memory.ts'

/** Entry of a worker thread: searches as one of several workers, or finds the traces to their findings; then reports. */

const { source, options, memory, task } = workerData as WorkerInput
const send = (message: WorkerMessage, transferred: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, transferred)

async function work(): Promise<WorkerReport | TracesReport> {
  const model = await loadModel(source)
  if (task.kind === 'search') return new SearchWorker(model, options, memory, task.me, task.ports).run()
  const { system, properties, onRecord } = model
  // Loaded only here, because the workers that search do not need it.
  const { tracesTo } = await import('../breadth-first.ts')
  // The findings lie within these limits, so they are dropped; the memory limit stays.
  const { maxStates: _states, maxDepth: _depth, timeLimit: _time, ...others } = options
  return tracesTo(system, properties, task.sought, {
    ...others,
    ...task.limits,
    stop: () => isStopRequested(memory),
    ...(onRecord === undefined ? {} : { onRecord }),
  })
}

try {
  const report = await work()
  // Edges may be most of what the search has in memory: they are handed over, not copied.
  const graph = 'graph' in report ? report.graph : null
  send({ kind: 'done', report }, graph === null ? [] : [graph.pairs.buffer as ArrayBuffer])
} catch (error) {
  if (error instanceof ModelError) send({ kind: 'model-error', message: error.message })
  else if (!(error instanceof Abandoned))
    send({
      kind: 'failure',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
}
