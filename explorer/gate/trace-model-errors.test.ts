import { describe, expect, it } from 'vitest'
import type { Condition, Observation } from '../../model/language/observation.ts'
import { drop, only, type Patch, replace } from '../../model/language/patch.ts'
import { step } from '../../model/language/program.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { compare } from '../../model/trace/conditions.ts'
import { spteOf } from '../../model/trace/kernel.ts'
import { parseLine, type TraceEvent } from '../../model/trace/line.ts'
import { follow } from '../trace/index.ts'

// Windows of logs of 6.12.117 with what the model did not have before logs were followed. What each says of the state is
// held against a scenario: it has a behaviour like that, and the model as it was before has none.

type Says = (event: TraceEvent, first: TraceEvent) => readonly Condition<Kvm>[]

async function isBehaviourOf(
  id: string,
  window: string,
  says: Says,
  before: readonly Patch<Kvm>[] = [],
): Promise<string> {
  const scenario = scenarios.find((each) => each.id === id) as (typeof scenarios)[number]
  const lines = window.trim().split('\n')
  const events = lines.map((line, n) => parseLine(line, n + 1))
  const observations: Observation<Kvm>[] = events.map((event, n) => ({
    thread: event.comm,
    line: n + 1,
    event: event.name,
    text: lines[n].trim(),
    exact: says(event, events[0]),
  }))
  const log = {
    system: scenario.build({ patches: before }),
    observable: [],
    observations: () => observations,
  }
  const { verdict } = await follow(log as never, { frontier: 100_000 })
  return verdict.kind === 'rejected' ? `rejected at ${verdict.rejection.observation.line}` : verdict.kind
}

const FRAME = 1

/** The host drops a page twice, and nothing maps it in between. */
const DROPPED_TWICE = `
 host-607     [002] ...1.       198149: unmap_gfn_range: (kvm_unmap_gfn_range+0x4/0xb0 [kvm]) start=0x10000 end=0x10001 seq=4 inprog=1
 host-607     [002] ...1.       198163: inv_end: (kvm_mmu_invalidate_end+0x4/0x70 [kvm]) seq=4 inprog=1
 host-607     [002] .....       198169: tracing_mark_write: HOST dontneed end
 host-607     [002] ...1.       198175: unmap_gfn_range: (kvm_unmap_gfn_range+0x4/0xb0 [kvm]) start=0x10000 end=0x10001 seq=5 inprog=1
`

const saysOfInvalidations: Says = (event, first) => {
  const isUnmapped = compare('the host maps the page', (kvm: Kvm) => kvm.host_pte[FRAME] !== null, false)
  const inProgress = (is: number): Condition<Kvm> =>
    compare('in_progress', (kvm) => kvm.mmu_invalidate.in_progress, is)
  if (event.name === 'mark') return [isUnmapped, inProgress(0)]
  const { seq, inprog } = event as TraceEvent & { seq: number; inprog: number }
  const { seq: base } = first as typeof first & { seq: number }
  return [
    compare('seq', (kvm) => kvm.mmu_invalidate.seq, seq - base),
    inProgress(inprog),
    compare('the next step', (_, at) => at.notifier[0], event.name === 'inv_end' ? 'NE.1 seq' : 'NS.5'),
    // No vCPU has faulted since it was dropped.
    ...(seq > base ? [isUnmapped] : []),
  ]
}

const onlyWhileMapped: Patch<Kvm> = only(
  'notifier',
  replace(
    `NS.1[${FRAME}]`,
    step<Kvm>(
      `NS.1[${FRAME}]`,
      { fn: 'kvm_mmu_notifier_invalidate_range_start', shows: 'mn_active_invalidate_count++' },
      {
        when: (kvm, n) => kvm.notifier[n].left > 0 && kvm.host_pte[FRAME] !== null,
        does: (kvm, n) => {
          kvm.notifier[n].left--
          kvm.notifier[n].gfn = FRAME
          kvm.mn_active_invalidate_count++
        },
      },
    ),
  ),
)

/** The host protects a page; afterwards the same one is mapped again. */
const SAME_PAGE = `
 host-554     [002] ...1.        81423: spte_clear: (mmu_spte_clear_track_bits+0x0/0x1c0 [kvm]) sptep=0xffff88800b37d008 old=0xb917e63
 vcpu0-555     [000] ...1.        81590: stale_chk: (is_page_fault_stale+0x0/0xf0 [kvm]) vcpu=0 gfn=0x10001 fseq=2 pfn=0xb917 kseq=2 inprog=0 pending=0x0 rhpa=0xb3e7000
 vcpu0-555     [000] ...1.        81596: spte_update_nt: (mmu_spte_update_no_track+0x0/0x100 [kvm]) sptep=0xffff88800b37d008 old=0x8000000000000000 new=0xb917e63
`

/** The page that the SPTE maps first has number 1 in the model, as the frame. */
const saysOfPages: Says = (event, first) => {
  const hpa = spteOf((first as TraceEvent & { old: string }).old).hpa
  const numbered = (pfn: number | null): number => (pfn === hpa / 4096 ? FRAME : FRAME + 1)
  const spte = (kvm: Kvm) => kvm.page[0].spte[0]
  if (event.name === 'stale_chk')
    return [
      compare('fault->pfn', (kvm) => kvm.vcpu[0].fault.pfn, numbered(event.pfn)),
      compare('in_progress', (kvm) => kvm.mmu_invalidate.in_progress, event.inprog),
      compare(
        'the fault is stale',
        (kvm) => kvm.vcpu[0].fault.mmu_seq !== kvm.mmu_invalidate.seq,
        event.fseq !== event.kseq,
      ),
      compare('an SPTE', (kvm) => spte(kvm).kind, 'none'),
    ]
  if (event.name === 'spte_clear')
    return [
      compare('pfn of the SPTE', (kvm) => spte(kvm).pfn, FRAME),
      compare('in_progress', (kvm) => kvm.mmu_invalidate.in_progress, 1),
    ]
  return [compare('an SPTE', (kvm) => spte(kvm).kind, 'none')]
}

/** A memslot is deleted, and the first request finds a vCPU that is on its way out of the guest, and has no request. */
const EXITING = `
 host-588     [002] .N.1.       102989: zap_all_fast: (__kvm_mmu_zap_all_fast_front_half+0x0/0x190 [kvm]) gen=0
 host-588     [002] .N.2.       102993: req_vcpu: (kvm_make_vcpu_request+0x0/0xa0 [kvm]) vcpu=0 req=0x327 pending=0x0 mode=2
`

const MODES = ['OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE']

const saysOfModes: Says = (event) => {
  const isFlipped = compare(
    'mmu_valid_gen',
    (kvm: Kvm) => kvm.mmu_valid_gen,
    Number(event.name === 'req_vcpu'),
  )
  if (event.name !== 'req_vcpu') return [isFlipped]
  return [
    isFlipped,
    compare('vcpu->mode', (kvm) => kvm.vcpu[0].mode, MODES[event.mode]),
    compare('a request is pending', (kvm) => !kvm.vcpu[0].requests.isEmpty(), event.pending !== 0),
  ]
}

describe('a window of a log that earlier models had no behaviour for', () => {
  it.each([
    [
      'a page is invalidated that the host does not map (s17)',
      'fault-notifier',
      DROPPED_TWICE,
      saysOfInvalidations,
      [onlyWhileMapped],
      4,
    ],
    [
      'a notifier keeps the page (s08)',
      'fault-notifier',
      SAME_PAGE,
      saysOfPages,
      [only<Kvm>('notifier', drop('H.1 keep'))],
      2,
    ],
    [
      'a vCPU is EXITING_GUEST_MODE without a request (s14)',
      'slot-delete-mmio',
      EXITING,
      saysOfModes,
      [only<Kvm>('memslot', drop('SL.4 kick/kick')), only<Kvm>('memslot', drop('SL.6 kick/kick'))],
      2,
    ],
  ] as const)('%s', async (_, scenario, window, says, before, line) => {
    expect(await isBehaviourOf(scenario, window, says)).toBe('followed')
    expect(await isBehaviourOf(scenario, window, says, before)).toBe(`rejected at ${line}`)
  })
})
