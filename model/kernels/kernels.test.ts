import { describe, expect, it } from 'vitest'
import { flowOf } from '../language/machine.ts'
import { tracePatches } from '../language/patch.ts'
import { compareVersions, includesRelease } from '../language/versions.ts'
import { allPlans, boundsOf } from '../scenarios/build-scenario.ts'
import { scenarios } from '../scenarios/index.ts'
import { differences } from './index.ts'
import { hasNewerForm } from './kernel.ts'
import { kernels } from './kernels.ts'

const ids = (id: string): readonly string[] =>
  kernels.filter((kernel) => kernel.id === id).flatMap(({ undone }) => undone.map((d) => d.id))

describe('the kernels', () => {
  it('are the three that were read, the last one as the machines are written', () => {
    expect(kernels.map(({ id, stable }) => [id, stable])).toEqual([
      ['6.1', 'v6.1.192'],
      ['6.12', 'v6.12.117'],
      ['7.2', 'v7.2.13'],
    ])
    expect(kernels[2].undone).toEqual([])
  })

  it.each([
    ['aging-without-mmu-lock', ['7.2']],
    ['reload-frees-obsolete-roots', ['7.2']],
    ['prefault-fails-on-an-invalid-slot', ['7.2']],
    ['obsolete-pages-on-a-local-list', ['7.2']],
    ['one-retry', ['6.12', '7.2']],
    ['unprotected-if-write-protected', ['6.12', '7.2']],
    ['range-added-slot-by-slot', ['6.12', '7.2']],
    ['unmap-of-a-range-may-yield', ['6.12', '7.2']],
    ['barriers-around-the-count', ['6.12', '7.2']],
    ['retry-test-without-lock', ['6.12', '7.2']],
    ['linked-child-tested-for-its-gfn', ['6.1', '6.12', '7.2']],
    ['linked-child-tested-for-its-role', ['6.1', '6.12', '7.2']],
    ['old-spte-dropped-before-mmio', ['6.1', '6.12', '7.2']],
    ['root-tested-after-reclaim', ['6.1', '6.12', '7.2']],
  ])('%s is in %j', (difference, having) => {
    expect(differences.map(({ id }) => id)).toContain(difference)
    expect(kernels.map(({ id }) => id).filter((id) => !ids(id).includes(difference))).toEqual(having)
  })

  it.each(kernels)('undo in $id what is newer, newest first', ({ undone, ...release }) => {
    expect(undone.map(({ id }) => id).sort()).toEqual(
      differences
        .filter((d) => !hasNewerForm(d, release))
        .map(({ id }) => id)
        .sort(),
    )
    const since = undone.map((d) => d.since)
    expect(since).toEqual([...since].sort((a, b) => compareVersions(b, a)))
  })

  it.each(kernels)('have in $id only steps that were read in it', (kernel) => {
    const wrong = new Set<string>()
    for (const scenario of scenarios.filter((s) => kernel.lacks(s) === null)) {
      for (const program of kernel.on(scenario).programs?.() ?? []) {
        for (const { path, step } of flowOf(program).steps) {
          const { since } = step.about
          if (since === undefined || !includesRelease(since, kernel))
            wrong.add(`${program.kind}.${path}: ${since}`)
        }
      }
    }
    expect([...wrong]).toEqual([])
  })

  it.each(kernels)('build every scenario that $id has', (kernel) => {
    const has = scenarios.filter((scenario) => kernel.lacks(scenario) === null)
    expect(has.length).toBeGreaterThan(scenarios.length / 2)
    for (const scenario of has) expect(kernel.on(scenario).build().threads.length).toBeGreaterThan(0)
  })
})

describe('a difference', () => {
  const modelled = allPlans().map((plan) => ({
    bounds: boundsOf(plan),
    programs: scenarios.find(({ id }) => id === plan.id)?.programs?.() ?? [],
  }))

  it.each(differences)(
    '$id has an id in words, and each of its patches changes a step of some scenario',
    (d) => {
      expect(d.id).toMatch(/^[a-z]+(-[a-z]+)+$/)
      const changed = new Set<number>()
      const all = Math.max(...modelled.map(({ bounds }) => d.before(bounds).length))
      for (const { bounds, programs } of modelled) {
        if (changed.size === all) break
        const patches = d.before(bounds).map((patch) => ({ ...patch, optional: true }))
        for (const [n, places] of tracePatches(programs, patches).places.entries())
          if (places.some(({ changes }) => changes)) changed.add(n)
      }
      expect([...changed].sort()).toEqual(Array.from({ length: all }, (_, n) => n))
    },
  )
})
