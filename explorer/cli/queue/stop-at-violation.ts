import { setMaxListeners } from 'node:events'
import { isAsExpected } from '../../../model/designs/expectation.ts'
import { type Catalogue, findDesign } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { unjudgedCell } from '../gate/judged-cell.ts'
import type { CellJudge } from '../search-runner.ts'

/** A judge that cancels the other searches once a property is violated that its design does not expect to be. */
export function stoppingAtViolation(judge: CellJudge, catalogue: Catalogue): CellJudge {
  const stop = new AbortController()
  // Each of the searches under way listens, and with a queue that may be all.
  setMaxListeners(0, stop.signal)
  return {
    judge: async (request, signal, listener) => {
      const { design, scenario, kernel } = request
      if (typeof design !== 'string') return judge.judge(request, signal, listener)
      const onAbort = (): void => stop.abort()
      signal.addEventListener('abort', onAbort)
      try {
        const found = await judge.judge(request, stop.signal, listener)
        const { expect } = findDesign(catalogueOfKernel(catalogue, kernel), design)
        const isNew = found.properties.some(
          (p) => p.verdict === 'violated' && !isAsExpected({ expect }, scenario, p),
        )
        if (isNew) stop.abort()
        return found.stopped !== 'interrupted' || signal.aborted
          ? found
          : unjudgedCell({ design, scenario }, { stopped: CANCELLED, modelError: null })
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
    },
  }
}

const CANCELLED = 'another cell has a violation (--stop-on-violation)'
