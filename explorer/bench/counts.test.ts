import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { drop } from '../../model/language/patch.ts'
import type { Property } from '../../model/language/property.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { adjacency } from './adjacency.ts'
import { instanceOf, type ModelInstance, smallInstances } from './catalogue.ts'
import { run } from './child-process.ts'
import { assertSame } from './comparison.ts'
import type { Contestant } from './contestants/contestant.ts'
import { handWrittenC } from './contestants/hand-written-c.ts'
import { rumur } from './contestants/rumur.ts'
import { spin } from './contestants/spin.ts'
import { hasCommand } from './debian.ts'
import { guestSeesLivePages, kvmComposite } from './models/kvm-composite.ts'

const named = smallInstances.map((instance) => [instance.id, instance] as const)

describe('our searches give the counts that SPIN and Rumur printed', () => {
  it.each(named)('%s, every storage', (_, instance) => {
    for (const storage of ['fingerprint', 'exact'] as const) {
      const { states, transitions, properties } = breadthFirst(instance.system(), instance.properties, {
        storage,
      })
      expect({ states, transitions }).toEqual({ states: instance.states, transitions: instance.transitions })
      expect(properties.map((p) => p.verdict)).toEqual(['holds'])
    }
  })

  it.each(named.filter(([, { orbits }]) => orbits !== undefined))('%s, orbits', (_, instance) => {
    const { states, transitions, properties } = breadthFirst(instance.system(), instance.properties, {
      reduce: 'symmetry',
    })
    expect({ states, transitions }).toEqual(instance.orbits)
    expect(properties.map((p) => p.verdict)).toEqual(['holds'])
  })

  it.each(['two-phase-3', 'filter-lock-3'])('%s, xstate/graph', (id) => {
    const { system, states, transitions } = instanceOf(id)
    expect(adjacency(system())).toEqual({ states, transitions })
  })
})

/** Builds and runs a translation; `assertSame` throws when it is another model. */
function check(contestant: Contestant, instance: ModelInstance): void {
  const folder = mkdtempSync(join(tmpdir(), 'bench-counts-'))
  try {
    const { command, counts } = contestant.prepare(instance, folder, 'search')
    assertSame(instance, contestant, counts(run(command).output))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One size of each model is enough: the translations differ in constants only, and compiling takes seconds. */
const translated = ['two-phase-3', 'filter-lock-3', 'kvm-composite-2-2-0-1']
const compiler = hasCommand('gcc')
describe.runIf(compiler && hasCommand('spin'))('SPIN gives the same counts', () => {
  it.each(translated)('%s', (id) => {
    for (const contestant of spin) if (contestant.id !== 'spin-bfs-2') check(contestant, instanceOf(id))
  })
})
describe.runIf(compiler && hasCommand('rumur'))('Rumur gives the same counts', () => {
  it.each(translated)('%s', (id) => {
    for (const contestant of rumur) if (contestant.id !== 'rumur-2') check(contestant, instanceOf(id))
  })
})
describe.runIf(compiler)('the search written in C gives the same counts', () => {
  it.each([...translated, 'filter-lock-4', 'kvm-composite-1-2-1-1'])('%s', (id) => {
    for (const contestant of handWrittenC) check(contestant, instanceOf(id))
  })
})

describe('the invariant of the KVM composite', () => {
  const bounds = { vcpus: 1, pages: 2, zaps: 1, invalidations: 1 }
  it.each([
    ['the notifier flushes', 'MN.4'],
    ['the zapper asks vCPUs to leave obsolete roots', 'ZAP.3'],
    ['the notifier waits until all have left', 'MN.5'],
  ])('fails unless %s', (_, name) => {
    const { properties } = breadthFirst(kvmComposite(bounds, [drop(name)]), [
      guestSeesLivePages as Property<unknown>,
    ])
    expect(properties.map((p) => p.verdict)).toEqual(['violated'])
  })
})
