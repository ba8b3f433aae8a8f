import { expect, it, vi } from 'vitest'
import { ModelError } from '../../model/language/errors.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { exhaustive } from '../search/exhaustive.ts'
import { FailedSearch } from '../search/failed-search.ts'
import { findDesign } from './catalogue.ts'
import { selfChecked } from './self-checked.ts'
import { catalogue } from './testing/small-catalogue.ts'

/** Model code that fails in one of two searches takes nothing from what the other found. */

vi.mock(import('../search/parallel/search.ts'), async (original) => ({
  ...(await original()),
  parallelBreadthFirst: () => Promise.reject(new ModelError('fails')),
}))

const [scenario] = catalogue.scenarios
const system = scenario.build(findDesign(catalogue, 'D1'))
const properties = catalogue.properties.filter(({ id }) => ['root-dropped', 'marked-for-good'].includes(id))
const incomplete = {
  complete: false,
  incompleteReason: { kind: 'model-error', message: 'fails' },
} as const

async function failureOf(search: Promise<unknown>): Promise<FailedSearch> {
  const error = await search.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(FailedSearch)
  return error as FailedSearch
}
const verdicts = ({ result }: FailedSearch): string[] =>
  result.properties.map(({ id, verdict }) => `${id} ${verdict}`)

it('a violation stands where workers fail and a search alone does not', async () => {
  const team = { module: 'none', function: 'none', arguments: [] }
  const settings = { reduce: 'none', storage: 'exact', workers: 2 } as const
  const failed = await failureOf(exhaustive(system, properties, settings, team))
  expect(failed.message).toBe('fails')
  expect(failed.result).toMatchObject(incomplete)
  expect(verdicts(failed)).toEqual(['root-dropped violated', 'marked-for-good inconclusive'])
})

it('a violation of the reduced search stands where the full one fails before it', async () => {
  const found = breadthFirst(system, properties, { reduce: 'por' })
  const nothing = found.properties.map((p) => ({ ...p, verdict: 'inconclusive' as const, trace: null }))
  const full = () =>
    Promise.reject(new FailedSearch('fails', null, { ...found, ...incomplete, properties: nothing }))
  const failed = await failureOf(selfChecked('zap', found, full))
  expect(failed.message).toBe('fails')
  expect(verdicts(failed)).toEqual(['root-dropped violated', 'marked-for-good inconclusive'])
})
