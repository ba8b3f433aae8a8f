import type { Kernel } from '../kernels/kernel.ts'
import type { HarnessStep } from '../language/observation.ts'
import { drop, insert, only, type Patch } from '../language/patch.ts'
import { choice, type Program, program, type Step, step } from '../language/program.ts'
import { one, type System } from '../language/system.ts'
import { END_OF_FAULT, EXIT, GUEST } from '../machines/hand-over.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { Spte } from '../memory/shadow/fields.ts'
import { drop_parent_pte, drop_spte, mmu_page_zap_pte, parents_of } from '../memory/shadow/rmap.ts'
import { free_shadow_page, list_del_active } from '../memory/shadow/shadow-page.ts'
import { clear_unsync_marks, unaccount_shadowed } from '../memory/shadow/write-tracking.ts'
import { finish_instruction } from '../memory/vcpu/instruction.ts'
import type { Change } from '../scenarios/additions.ts'
import { type Plan, scenarioOutside } from '../scenarios/build-scenario.ts'
import { link, map } from '../scenarios/start.ts'
import { elsewhere } from './harness.ts'
import type { PtCensus } from './pt-census.ts'

/** Frames of the model: the page table of the slice, what its first entry may point at, and the table that maps it. */
export const TABLE = 1
const TARGETS = [3, 4] as const
const MAPPER_TABLE = 2
/** Shadow pages: the root, the page of the table that maps frame TABLE, and the page of TABLE, if it is built. */
const ROOT = 0
const MAPPER = 1
export const PAGE = 2
/** Addresses: through the first entry of the table, through its second one, and of the table itself. */
export const GVA = { entry: 0, beside: 1, table: 2 } as const

function planOf({ vcpus }: PtCensus): Plan {
  return {
    id: 'trace-table',
    title: 'one page table of the guest and its shadow page, as in a log',
    about: 'One SPTE stands for all that map the frame of the table, and one root for all above it.',
    properties: [],
    bounds: {
      vcpus,
      shadow: { levels: 2, pages: 3 },
      guest: {
        gfns: 6,
        gvas: 3,
        reads: [GVA.entry],
        invlpgs: 1,
        edits: [{ gva: GVA.table, index: 0, to: TARGETS[1], w: true }],
        editsLeft: 1,
      },
      host: { pfns: 6 },
    },
    start: {
      tables: [
        [TABLE, MAPPER_TABLE],
        [TARGETS[0], 5],
        [TABLE, null],
      ],
      pages: [
        { gfn: 0, level: 2 },
        { gfn: MAPPER_TABLE, level: 1 },
      ],
      begin: (kvm) => link(kvm, ROOT, 1, MAPPER),
    },
  }
}

/** The steps that stand for the rest of the world. */
export const ptHarness: readonly HarnessStep[] = [
  { kind: 'vcpu', step: 'exit: other', standsFor: 'VM-exit for a reason outside the slice' },
  { kind: 'vcpu', step: 'write to the table', standsFor: 'store to the table that faults' },
  { kind: 'vcpu', step: 'read of the table', standsFor: 'read of the table that faults' },
  { kind: 'vcpu', step: 'fault below', standsFor: 'access through the entry of the slice that faults' },
  { kind: 'vcpu', step: 'fault beside', standsFor: 'access through another entry of the table that faults' },
  { kind: 'vcpu', step: 'invlpg', standsFor: 'INVLPG of an address that the entry translates' },
  {
    kind: 'vcpu',
    step: 'store to the entry',
    standsFor: 'store to the entry through a writable SPTE, which leaves no event',
  },
  { kind: 'vcpu', step: 'RUN.2/sync', standsFor: 'load of a root, or KVM_REQ_MMU_SYNC' },
  { kind: 'vcpu', step: 'RUN.2/another table', standsFor: 'another table below the root that is unsync' },
  {
    kind: 'vcpu',
    step: 'PF/FETCH/GET.1/another parent',
    standsFor: 'fault below another parent of the page',
  },
  { kind: 'vcpu', step: 'PF/nothing mapped', standsFor: 'fault that ends without a mapping' },
  { kind: 'vcpu', step: 'PF/FETCH/nothing linked', standsFor: 'fault that ends before it links the page' },
  { kind: 'others', step: 'table mapped', standsFor: 'SPTE of the table that is prefetched, writable' },
  { kind: 'others', step: 'table mapped read-only', standsFor: 'SPTE of the table that is prefetched' },
  { kind: 'others', step: 'table unmapped', standsFor: 'SPTE of the table that is zapped' },
  { kind: 'others', step: 'table protected', standsFor: 'write protection for the dirty log' },
  { kind: 'others', step: 'table protected for good', standsFor: 'write protection for another shadow page' },
  { kind: 'others', step: 'entry mapped', standsFor: 'SPTE of the entry that is prefetched' },
  {
    kind: 'others',
    step: 'entry unmapped',
    standsFor: 'SPTE of the entry that is zapped for another reason',
  },
  { kind: 'others', step: 'unlinked', standsFor: 'last SPTE that pointed to the page, which is zapped' },
  { kind: 'others', step: 'zapped', standsFor: 'the page is zapped, or obsolete' },
  { kind: 'others', step: 'mark cleared', standsFor: 'walk over unsync marks that lead nowhere' },
  { kind: 'others', step: 'flushed', standsFor: 'flush for what has changed outside the slice' },
  { kind: 'elsewhere', step: 'lock', standsFor: 'mmu_lock, taken for something outside the slice' },
]

const code = { fn: 'guest', shows: 'guest' } as const

/** The guest accesses an address that has no translation. */
const faults = (name: string, access: 'read' | 'write', gva: number): Step<Kvm> =>
  step<Kvm>(
    name,
    { ...code, shows: `${name}, exit` },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].guest = access
        kvm.vcpu[v].gva = gva
      },
      to: EXIT.pageFault,
    },
  )

const mapper = (kvm: Kvm): Spte => kvm.page[MAPPER].spte[0]
const entry = (kvm: Kvm): Spte => kvm.page[PAGE].spte[0]
const exists = (kvm: Kvm): boolean => kvm.page[PAGE].list !== 'free'

const inGuest: readonly Step<Kvm>[] = [
  step<Kvm>(
    'exit: other',
    { ...code, fn: 'vcpu_enter_guest', shows: 'VM-exit for another reason' },
    { does: finish_instruction, to: EXIT.interrupt },
  ),
  faults('write to the table', 'write', GVA.table),
  faults('read of the table', 'read', GVA.table),
  faults('fault below', 'read', GVA.entry),
  faults('fault beside', 'read', GVA.beside),
  step<Kvm>(
    'invlpg',
    { ...code, shows: 'invlpg, exit' },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].guest = 'invlpg'
        kvm.vcpu[v].gva = GVA.entry
      },
      to: EXIT.invlpg,
    },
  ),
  step<Kvm>(
    'store to the entry',
    { ...code, shows: 'the entry points at another frame' },
    {
      when: (kvm) => mapper(kvm).w || mapper(kvm).mmuw,
      does: (kvm) => {
        const pte = kvm.guest_table[TABLE][0]
        pte.to = pte.to === TARGETS[0] ? TARGETS[1] : TARGETS[0]
      },
      to: GUEST,
    },
  ),
]

interface Branch {
  readonly before: string
  readonly name: string
  readonly fn: string
  readonly to: string
  readonly when?: (kvm: Kvm) => boolean
  readonly does?: (kvm: Kvm, v: number) => void
}

/** One of two ways on, before a step. */
const branch = ({ before, name, fn, to, when = () => true, does = () => {} }: Branch): Patch<Kvm> =>
  insert<Kvm>(
    { before },
    choice(`${before} ${name}`, [
      step(name, { fn, shows: name }, { when, does, to }),
      step(`not ${name}`, { fn, shows: 'continue' }, { to: before }),
    ]),
  )

const isMarked = (kvm: Kvm): boolean => !kvm.page[ROOT].unsync_child_bitmap.isEmpty()
const isLinked = (kvm: Kvm): boolean => parents_of(kvm, PAGE).length > 0

const harness: readonly Patch<Kvm>[] = [
  insert<Kvm>({ after: 'interrupt' }, ...inGuest),
  branch({
    before: 'RUN.2 check',
    name: 'sync',
    fn: 'kvm_mmu_sync_roots',
    to: 'RUN.2 check',
    does: (kvm, v) => kvm.vcpu[v].requests.add('MMU_SYNC'),
  }),
  branch({
    before: 'SY.1',
    name: 'another table',
    fn: 'is_unsync_root',
    to: 'SY.2',
    when: (kvm) => !isMarked(kvm),
  }),
  branch({
    before: 'GET.1 test',
    name: 'another parent',
    fn: 'kvm_mmu_get_child_sp',
    to: 'GET.2',
    when: isLinked,
  }),
  branch({ before: 'FETCH.1', name: 'nothing mapped', fn: 'paging64_fetch', to: END_OF_FAULT }),
  branch({ before: 'FETCH.5', name: 'nothing linked', fn: 'paging64_fetch', to: END_OF_FAULT }),
].map((patch) => only('vcpu', patch))

/** A vCPU keeps its root; what the guest does is in the harness; KVM emulates no store to the table. */
const leftOut: readonly Patch<Kvm>[] = [
  ...['RUN.1', 'RUN.5', 'LOAD.1', 'LOAD.2', 'LOAD.3', 'LOAD.4', 'LOAD.5', 'LOAD.7'],
  ...['read[0]', 'edit[0]', 'invlpg[0]', 'HW.1', 'HW.2', 'HW.3', 'HW.3 fault'],
].map((name) => only('vcpu', drop<Kvm>(name)))

/** What the holder of mmu_lock does besides, whichever thread that is. */
function others(): Program<Kvm> {
  const does = (
    name: string,
    fn: string,
    effect: (kvm: Kvm) => void = () => {},
    when: (kvm: Kvm) => boolean = () => true,
  ): Step<Kvm> => step<Kvm>(name, { fn, shows: name }, { when, does: effect, to: 'idle' })
  const mapTable = (w: boolean) => (kvm: Kvm) => {
    if (mapper(kvm).kind !== 'leaf') map(kvm, MAPPER, 0, TABLE, w)
    else if (w) {
      mapper(kvm).w = true
      mapper(kvm).mmuw = true
    }
  }
  const protect = (kvm: Kvm, forGood: boolean): void => {
    mapper(kvm).w = false
    if (forGood) mapper(kvm).mmuw = false
  }
  const mapEntry = (kvm: Kvm): void => map(kvm, PAGE, 0, kvm.guest_table[TABLE][0].to as number, false)
  const isMapped = (kvm: Kvm): boolean => mapper(kvm).kind === 'leaf'
  const isReached = (kvm: Kvm): boolean => kvm.page[PAGE].unsync && isLinked(kvm)
  const isSafe = (kvm: Kvm): boolean => !exists(kvm) || kvm.page[PAGE].unsync
  return program<Kvm>('others', 'changes SPTEs outside the slice', [
    choice(
      'idle',
      [
        does('table mapped', 'direct_pte_prefetch', mapTable(true), isSafe),
        does('table mapped read-only', 'direct_pte_prefetch', mapTable(false)),
        does('table unmapped', 'drop_spte', (kvm) => drop_spte(kvm, { page: MAPPER, index: 0 }), isMapped),
        does('table protected', 'spte_write_protect', (kvm) => protect(kvm, false), isMapped),
        does('table protected for good', 'spte_write_protect', (kvm) => protect(kvm, true), isMapped),
        does(
          'entry mapped',
          'direct_pte_prefetch',
          mapEntry,
          (kvm) => exists(kvm) && entry(kvm).kind !== 'leaf',
        ),
        does(
          'entry unmapped',
          'drop_spte',
          (kvm) => drop_spte(kvm, { page: PAGE, index: 0 }),
          (kvm) => entry(kvm).kind === 'leaf',
        ),
        does('unlinked', 'drop_parent_pte', unlink, isLinked),
        does('zapped', '__kvm_mmu_prepare_zap_page', zap, exists),
        does(
          'mark cleared',
          'mmu_unsync_walk',
          (kvm) => clear_unsync_marks(kvm, ROOT),
          (kvm) => kvm.mmu_lock !== 'free' && isMarked(kvm) && !isReached(kvm),
        ),
        does('flushed', 'kvm_flush_remote_tlbs'),
      ],
      { validEnd: true },
    ),
  ])
}

function unlink(kvm: Kvm): void {
  for (const parent of parents_of(kvm, PAGE)) drop_parent_pte(kvm, parent)
}

/** `__kvm_mmu_prepare_zap_page()` at once; the page is not found any more, so that it may as well be free. */
function zap(kvm: Kvm): void {
  for (let index = 0; index < kvm.page[PAGE].spte.length; index++)
    mmu_page_zap_pte(kvm, { page: PAGE, index })
  unlink(kvm)
  unaccount_shadowed(kvm, PAGE)
  // A design may have taken it off the list.
  if (kvm.page[PAGE].list === 'active') list_del_active(kvm, PAGE)
  free_shadow_page(kvm, PAGE)
}

/**
 * The system that a log is followed with: one page table and its shadow page, with a design, and the harness.
 * @throws ModelError for a design that changes what is not in the slice.
 */
export function ptSystem(
  census: PtCensus,
  kernel: Kernel<Kvm>,
  design: Change<Kvm> = { patches: [] },
): System<Kvm> {
  const scenario = kernel.on(scenarioOutside(planOf(census)))
  return scenario.build({
    ...design,
    patches: [...design.patches, ...leftOut, ...harness],
    adds: {
      ...design.adds,
      threads: (sorts, bounds) => [
        ...(design.adds?.threads?.(sorts, bounds) ?? []),
        one(elsewhere()),
        one(others()),
      ],
    },
  })
}
