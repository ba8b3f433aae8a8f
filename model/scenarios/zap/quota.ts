import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { FAULTS, RMAPS, ROOTS, TREES } from '../shadow/page-properties.ts'

/** The quota of shadow pages is used up, and a fault zaps the oldest page to make room. */
export const quotaScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'reclaim-under-fault',
    aliases: ['13.3', 'CVE-2026-64561'],
    title: 'the quota is used up while the current root is also the child of an older page',
    about:
      'L2 runs on nested tables with three levels, then on the same tables from their second level down, as with a 4-level table below a 5-level one. When the quota is used up, a fault zaps the oldest page, the old root, whose only child is the root in use. No concurrency is needed: one vCPU gets into this situation by itself.',
    bounds: {
      shadow: { levels: 3, rootLevels: [3, 2], pages: 5, quota: 4 },
      nested: { guestMode: true },
      guest: { gfns: 5, pgds: 2, gvas: 3, cr3Loads: 2 },
      host: { pfns: 5 },
    },
    start: {
      tables: [
        [1, null],
        [2, 3],
        [4, 4],
        [4, 4],
      ],
    },
    properties: [
      ...ROOTS,
      'no-obsolete-root-kept',
      ...FAULTS,
      ...TREES,
      ...RMAPS,
      'reclaim-spares-roots',
      'root-is-also-a-child',
    ],
  }),
  scenario({
    id: 'reclaim-order',
    title: 'an instruction with two operands, and a quota that is just enough for both',
    about:
      'A root, a table for each operand and an unused old root, with a quota of 3. Which end of the list is reclaimed decides whether the instruction ever finishes.',
    bounds: {
      shadow: { levels: 2, pages: 4, quota: 3 },
      guest: { gfns: 5, pgds: 2, gvas: 3, pairs: true, cr3Loads: 2 },
      host: { pfns: 5 },
    },
    start: {
      tables: [
        [2, 3],
        [2, 3],
        [4, 4],
        [4, 4],
      ],
    },
    properties: [...ROOTS, ...FAULTS, ...TREES, ...RMAPS, 'reclaim-spares-roots'],
  }),
  scenario({
    id: 'reclaim-two-vcpus',
    title: 'two vCPUs run out of shadow pages at the same time',
    about:
      'Each vCPU leaves an unused root behind, and the next faults of both find the quota used up: both look for the oldest page.',
    bounds: {
      vcpus: 2,
      shadow: { pages: 4, quota: 3 },
      guest: { gfns: 4, pgds: 3, cr3Loads: 1 },
      host: { pfns: 4 },
    },
    start: { tables: [[3], [3], [3]] },
    properties: [...ROOTS, ...RMAPS, 'reclaim-spares-roots', 'no-deadlock'],
  }),
]
