import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { citationsOf, factsSchema } from '../drift/index.ts'
import { catalogueOfKernel } from './catalogue-of-kernel.ts'
import { catalogue } from './kvm-catalogue.ts'
import { kvmSources } from './kvm-sources.ts'
import { programsIn } from './machines.ts'

/** What `mmucheck drift` needs of the model, as far as that shows without a kernel tree. */

const root = join(import.meta.dirname, '../..')

describe.each(kvmSources.versions)('the citations of Linux %s', (version) => {
  const { functions, calls, unanchored } = citationsOf(
    programsIn(catalogueOfKernel(catalogue, version)),
    version,
    (step) => kvmSources.standsForCode(step, version),
  )
  const facts = factsSchema.parse(
    JSON.parse(readFileSync(join(root, kvmSources.facts, `${version}.json`), 'utf8')),
  )

  it('leave out no step that stands for C', () => {
    expect(unanchored).toEqual([])
    expect(calls.length).toBeGreaterThan(50)
  })

  it('are the functions of the facts', () => {
    expect([...functions].sort()).toEqual(Object.keys(facts.functions).sort())
  })

  it('have a reason for each function that the version does not have', () => {
    const unexplained = Object.entries(facts.functions).filter(
      ([, known]) => 'absent' in known && known.absent === '',
    )
    expect(unexplained.map(([name]) => name)).toEqual([])
  })

  it('are short', () => {
    const statements = calls.flatMap((call) => call.flatMap((step) => step.statements))
    expect(statements.filter((text) => text.length > 60 || text.includes('\n'))).toEqual([])
  })
})
