import type { Design } from '../../model/designs/design.ts'
import { type Kernel, releaseOf } from '../../model/kernels/kernel.ts'
import { ModelError } from '../../model/language/errors.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { type Catalogue, lookUp } from './catalogue.ts'
import { UsageError } from './errors.ts'

/** Scenarios are compared by identity, so each catalogue has one for each kernel. */
const made = new WeakMap<object, Map<string, unknown>>()

/**
 * The scenarios and designs of a catalogue as one of its kernels has them.
 * @param name of the kernel; undefined for the newest.
 * @throws UsageError for a name that no kernel has.
 */
export function catalogueOfKernel<W>(catalogue: Catalogue<W>, name: string | undefined): Catalogue<W> {
  const { kernels = [] } = catalogue
  if (kernels.length === 0) {
    if (name === undefined) return catalogue
    throw new UsageError('there is only one kernel here; leave out --kernel')
  }
  const kernel = name === undefined ? (kernels.at(-1) as Kernel<W>) : findKernel(kernels, name)
  if (catalogue.kernel !== undefined) {
    if (catalogue.kernel === kernel) return catalogue
    throw new UsageError(`the kernel is ${catalogue.kernel.id} already, not ${kernel.id}`)
  }
  const known = made.get(catalogue) ?? new Map<string, unknown>()
  made.set(catalogue, known)
  const found = (known.get(kernel.id) as Catalogue<W> | undefined) ?? derived(catalogue, kernel)
  known.set(kernel.id, found)
  return found
}

/** By id, or by the release that was read, `6.1.192`. @throws UsageError for a name that no kernel has. */
export function findKernel<W>(kernels: readonly Kernel<W>[], name: string): Kernel<W> {
  const named = kernels.map((kernel) => ({ ...kernel, aliases: [releaseOf(kernel)] }))
  const { id } = lookUp('kernel', named, name.replace(/^v(?=\d)/, ''))
  return kernels.find((kernel) => kernel.id === id) as Kernel<W>
}

function derived<W>(catalogue: Catalogue<W>, kernel: Kernel<W>): Catalogue<W> {
  const linux = `Linux ${releaseOf(kernel)}`
  const reasons = new Map(
    catalogue.scenarios.flatMap((scenario): [string, string][] => {
      const lacks = kernel.lacks(scenario)
      return lacks === null ? [] : [[scenario.id, lacks]]
    }),
  )
  const isHere = ({ id }: { readonly id: string }): boolean => !reasons.has(id)
  const sits = ({ kernels }: Pick<Design<W>, 'kernels'>): boolean => kernels?.includes(kernel.id) !== false
  const { scenarioFrom, questions, machineIndex, ...rest } = catalogue
  const isNewest = kernel === catalogue.kernels?.at(-1)
  return {
    ...rest,
    kernel,
    scenarios: catalogue.scenarios.filter(isHere).map((scenario) => kernel.on(scenario)),
    designs: catalogue.designs.filter(sits).map(
      (design): Design<W> => ({
        ...design,
        scenarios: design.scenarios.filter((id) => isHere({ id })),
        expect: design.expect.filter(
          ({ kernels, scenario }) => kernels?.includes(kernel.id) !== false && isHere({ id: scenario }),
        ),
      }),
    ),
    absent: [
      ...catalogue.scenarios
        .filter((scenario) => !isHere(scenario))
        .map(({ id, aliases }) => ({
          id,
          aliases,
          why: `${linux} has no scenario ${id}, which is about ${reasons.get(id)}`,
        })),
      ...catalogue.designs
        .filter((design) => !sits(design))
        .map(({ id, aliases, kernels = [] }) => ({
          id,
          aliases,
          why: `design ${id} does not sit on ${linux}: it is a change of ${kernels.join(' and ')}`,
        })),
    ],
    ...(scenarioFrom === undefined ? {} : { scenarioFrom: (data) => ofKernel(scenarioFrom(data), kernel) }),
    // The evidence for the answers is that of the newest kernel.
    ...(isNewest && questions !== undefined ? { questions } : {}),
    ...(isNewest && machineIndex !== undefined ? { machineIndex } : {}),
  }
}

/** @throws ModelError for what the kernel does not have. */
function ofKernel<W>(scenario: Scenario<W>, kernel: Kernel<W>): Scenario<W> {
  const lacks = kernel.lacks(scenario)
  if (lacks !== null) throw new ModelError(`Linux ${releaseOf(kernel)} does not have ${lacks}`)
  return kernel.on(scenario)
}
