import { ModelError } from '../../../model/language/errors.ts'
import { findDesign, findScenario } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { type JudgedCell, unjudgedCell } from '../gate/judged-cell.ts'
import { builtModules } from '../gate/module-graph.ts'
import { keyOf } from '../gate/verdict-cache.ts'
import { errorInWords } from '../reason-words.ts'
import { type CellJob, cellJobShape, limitsOf } from './cell-job.ts'
import {
  endWithWorker,
  ownProgram,
  Refused,
  refusalOf,
  refuseOther,
  reporting,
  type SandboxedJob,
  searches,
} from './processor.ts'

endWithWorker()

/** The program that a worker runs for each cell, in its own process. */
export default async function processCell(
  job: SandboxedJob,
  _token: string,
  signal: AbortSignal,
): Promise<JudgedCell> {
  const asked = cellJobShape.safeParse(job.data)
  if (!asked.success) throw new Refused('the job is not one of mmucheck')
  await refuseOther(asked.data.build)
  await refuseOtherCode(asked.data)
  const { design, scenario, kernel } = asked.data
  const names = { design, scenario }
  const request = { ...names, ...(kernel === null ? {} : { kernel }), limits: limitsOf(asked.data) }
  const found = await searches()
    .judge(request, signal, reporting(job))
    .catch((error: unknown) => {
      // As in a gate on one machine: a model that cannot be searched ends this cell only.
      if (!(error instanceof ModelError)) throw refusalOf(error)
      return unjudgedCell(names, { stopped: null, modelError: errorInWords(error) })
    })
  if (signal.aborted) throw new Refused('cancelled')
  return found
}

/** @throws Refused where the code of the cell is not the code that the submitter has. */
async function refuseOtherCode({ key, design, scenario, kernel }: CellJob): Promise<void> {
  const { catalogue } = await ownProgram()
  const modules = await builtModules()
  const ofKernel = catalogueOfKernel(catalogue, kernel ?? undefined)
  const cell = { design: findDesign(ofKernel, design), scenario: findScenario(ofKernel, scenario) }
  const own = modules === null ? null : keyOf(modules, cell, kernel, ofKernel.properties)
  if (own !== key)
    throw new Refused(`${design} in ${scenario} is other code here than where it was submitted`)
}
