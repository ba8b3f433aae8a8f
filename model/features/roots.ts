import { placed } from '../language/placed.ts'
import { freeObsoleteRoots } from '../machines/roots/free-obsolete-roots.ts'
import { loadRoot } from '../machines/roots/load-root.ts'
import type { Feature } from './feature.ts'

/** The root of a vCPU's shadow pages: dropped when it is obsolete, loaded before the guest is entered. */
export const roots: Feature = {
  id: 'roots',
  title: 'loading, caching and dropping roots',
  parts: (bounds) => ({
    vcpu: [placed(10, ...freeObsoleteRoots(bounds)), placed(50, ...loadRoot(bounds))],
  }),
}
