import { placed } from '../language/placed.ts'
import { freeObsoleteRoots } from '../machines/roots/free-obsolete-roots.ts'
import { loadRoot } from '../machines/roots/load-root.ts'
import { freeObsoleteTdpRoot, loadTdpRoot } from '../machines/roots/tdp-root.ts'
import { has_only_tdp } from '../memory/bounds.ts'
import type { Feature } from './feature.ts'

/** The root of a vCPU's shadow pages: dropped when it is obsolete, loaded before the guest is entered. */
export const roots: Feature = {
  id: 'roots',
  title: 'loading, caching and dropping roots',
  parts: (bounds) => ({
    vcpu: has_only_tdp(bounds)
      ? [placed(10, ...freeObsoleteTdpRoot(bounds)), placed(50, ...loadTdpRoot(bounds))]
      : [placed(10, ...freeObsoleteRoots(bounds)), placed(50, ...loadRoot(bounds))],
  }),
}
