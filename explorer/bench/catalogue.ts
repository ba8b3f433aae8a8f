import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { filterLock, mutualExclusion } from '../oracles/filter-lock.ts'
import { twoPhase } from '../oracles/two-phase.ts'
import type { Model } from '../search/index.ts'
import { guestSeesLivePages, kvmComposite } from './models/kvm-composite.ts'

/** The counts on which all tools must agree before their times are compared. */
export interface Counts {
  /** Distinct states. */
  readonly states: number
  /** Steps from them, including those to known states. */
  readonly transitions: number
}

/** A model in one size, with the constants that give its translations the same size. */
export interface ModelInstance extends Counts {
  readonly id: string
  readonly title: string
  /** Name of the translations in `models/`, without ending. */
  readonly source: string
  /** Constants of the translations. */
  readonly constants: Readonly<Record<string, number>>
  readonly system: () => System
  readonly properties: readonly Property<unknown>[]
  /** SPIN's stack (`-m`), in steps: enough for the deepest path, no more, because it is allocated at once. */
  readonly spinDepth: number
  /** Counts up to permutations of the interchangeable ids, where all tools compute exact orbits. */
  readonly orbits?: Counts
}

/** Two-phase commit never both commits and aborts. */
const consistent: Property<{ rmState: Iterable<string> }> = {
  kind: 'invariant',
  id: 'consistent',
  title: 'No resource manager commits while another aborts',
  holds: ({ rmState }) => {
    const states = new Set(rmState)
    return !(states.has('committed') && states.has('aborted'))
  },
}

interface Known extends Counts {
  readonly orbits?: Counts
}

function twoPhaseOf(size: number, counts: Known): ModelInstance {
  return {
    id: `two-phase-${size}`,
    title: `two-phase commit, ${size} resource managers`,
    source: 'two-phase',
    constants: { RMS: size },
    system: () => twoPhase(size),
    properties: [consistent as Property<unknown>],
    spinDepth: 10_000,
    ...counts,
  }
}

function filterLockOf(size: number, spinDepth: number, counts: Known): ModelInstance {
  return {
    id: `filter-lock-${size}`,
    title: `filter lock, ${size} threads`,
    source: 'filter-lock',
    constants: { THREADS: size },
    system: () => filterLock(size),
    properties: [mutualExclusion],
    spinDepth,
    ...counts,
  }
}

function kvmOf(
  [vcpus, pages, zaps, invalidations]: readonly [number, number, number, number],
  counts: Known,
): ModelInstance {
  return {
    id: `kvm-composite-${vcpus}-${pages}-${zaps}-${invalidations}`,
    title: `KVM composite: ${vcpus} vCPUs, ${pages} root pages, ${zaps} zap, ${invalidations} invalidation`,
    source: 'kvm-composite',
    constants: { VCPUS: vcpus, PAGES: pages, ZAPS: zaps, INVALIDATIONS: invalidations },
    system: () => kvmComposite({ vcpus, pages, zaps, invalidations }),
    properties: [guestSeesLivePages as Property<unknown>],
    spinDepth: 10_000,
    ...counts,
  }
}

const counts = (states: number, transitions: number): Counts => ({ states, transitions })

/** What the benchmark measures. The counts were printed by SPIN and Rumur, the orbits by Rumur. */
export const instances: readonly ModelInstance[] = [
  twoPhaseOf(7, { ...counts(296_448, 2_744_705), orbits: counts(920, 8_409) }),
  twoPhaseOf(9, { ...counts(10_340_352, 123_558_401), orbits: counts(2_232, 26_315) }),
  filterLockOf(6, 1_000_000, { ...counts(6_698_326, 25_789_008), orbits: counts(13_780, 56_174) }),
  kvmOf([2, 3, 1, 1], { ...counts(9_385_621, 27_129_264), orbits: counts(4_713_590, 13_628_056) }),
]

/** Instances small enough for tests and for xstate/graph. */
export const smallInstances: readonly ModelInstance[] = [
  twoPhaseOf(3, { ...counts(288, 1_145), orbits: counts(80, 317) }),
  twoPhaseOf(5, { ...counts(8_832, 58_145), orbits: counts(314, 2_047) }),
  filterLockOf(3, 10_000, { ...counts(524, 1_194), orbits: counts(103, 242) }),
  filterLockOf(4, 10_000, { ...counts(11_316, 31_528), orbits: counts(596, 1_735) }),
  kvmOf([1, 2, 1, 1], { ...counts(18_317, 37_826) }),
  kvmOf([2, 2, 0, 1], { ...counts(79_199, 207_236), orbits: counts(40_052, 104_882) }),
]

/** @throws Error naming the known ids. */
export function instanceOf(id: string): ModelInstance {
  const all = [...instances, ...smallInstances]
  const found = all.find((instance) => instance.id === id)
  if (found === undefined) throw new Error(`no model ${id}; there are ${all.map((i) => i.id).join(', ')}`)
  return found
}

/** The model of an id, for the search; each worker builds it. */
export function modelOf(id: string): Model {
  const { system, properties } = instanceOf(id)
  return { system: system(), properties }
}
