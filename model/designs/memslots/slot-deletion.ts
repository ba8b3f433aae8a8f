import { prefaultFailsOnAnInvalidSlot } from '../../kernels/fault/prefault-fails-on-an-invalid-slot.ts'
import { drop, insert, move, only, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { invalidIsNoSlot, slotTest } from '../../machines/fault/fault-slot.ts'
import { exchangeMode } from '../../machines/primitives/make-request.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { srcu_read_unlock } from '../../memory/primitives/srcu.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { PREFAULT_OF_A_SLOT } from '../../scenarios/fault/stale-faults.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

/**
 * Deleting a memslot: the INVALID phase, the two grace periods, and three versions of zapping only what belongs
 * to the slot.
 */

const FAULT = 'slot-delete-fault'
const MOVE_FAULT = 'slot-move-fault'
const DEBT = 'slot-delete-flush-debt'
const TABLE = 'slot-delete-table'
const MMIO = 'slot-delete-mmio'
const PREFAULT = 'prefault-slot-delete'
const MMIO_2 = 'slot-delete-mmio-two-vcpus'

const ADDED = ['no-spte-of-a-freed-slot', 'nothing-added-to-an-invalid-slot']

export const slotDeletionDesigns: readonly Design<Kvm>[] = [
  {
    id: 'first-grace-period-dropped',
    aliases: ['B25'],
    title: 'drop synchronize_srcu() after installing the memslots with the slot INVALID',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_swap_active_memslots' },
    about:
      'A fault that found the slot valid maps a gfn of it after the slot was zapped. If the zap made every root obsolete, the stale check in the fault path would catch that fault; with kvm_mmu_zap_memslot() nothing does.',
    scenarios: [FAULT, MOVE_FAULT],
    patches: [only('memslot', drop('SL.3'))],
    expect: [FAULT, MOVE_FAULT].flatMap((scenario) => violated(scenario, ...ADDED, 'leaf-is-on-its-rmap')),
  },
  {
    id: 'second-grace-period-dropped',
    aliases: [],
    title: 'drop synchronize_srcu() after installing the memslots without the slot',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_swap_active_memslots' },
    about: 'A fault that found the INVALID slot still has a pointer to it when it is freed.',
    scenarios: [FAULT, MOVE_FAULT],
    patches: [only('memslot', drop('SL.6 wait'))],
    expect: [FAULT, MOVE_FAULT].flatMap((scenario) =>
      violated(scenario, 'no-use-after-free', 'every-access-can-finish'),
    ),
  },
  {
    id: 'guest-memory-read-outside-srcu',
    aliases: ['CVE-2026-43214'],
    title: 'read guest memory through memslots without holding kvm->srcu',
    status: 'bug',
    kernel: { version: 'fixed in 2026', function: 'kvm_vcpu_gfn_to_memslot' },
    about:
      'The grace periods of a deletion do not wait for a reader of memslots outside the section: the slot that it has found is freed under it. In the kernel a path that only reads guest memory forgot the lock; here it is the page fault.',
    scenarios: [FAULT],
    patches: [insert({ before: 'PF.2' }, srcuForgotten())],
    expect: violated(FAULT, ...ADDED, 'no-use-after-free', 'every-access-can-finish', 'leaf-is-on-its-rmap'),
  },
  {
    id: 'invalid-slot-not-tested',
    aliases: [],
    title: 'do not check KVM_MEMSLOT_INVALID in the fault path',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_faultin_pfn' },
    about: 'After the grace period, a new fault still maps a gfn of the slot that is being deleted.',
    scenarios: [FAULT, MOVE_FAULT],
    patches: [
      replace(
        'PF.8',
        slotTest(() => false),
      ),
    ],
    expect: [FAULT, MOVE_FAULT].flatMap((scenario) => violated(scenario, ...ADDED, 'leaf-is-on-its-rmap')),
  },
  {
    id: 'prefault-waits-for-an-invalid-slot',
    aliases: [],
    title: 'v6.11..v6.17: KVM_PRE_FAULT_MEMORY tries again when the memslot is INVALID',
    status: 'bug',
    kernel: { version: 'v6.11..v6.17', function: 'kvm_tdp_map_page' },
    about:
      'The ioctl waits for the deletion to end, and the deletion waits for the section of kvm->srcu that the ioctl is in. Since v6.18 such a prefault ends with -EAGAIN.',
    scenarios: [PREFAULT],
    kernels: ['7.2'],
    patches: prefaultFailsOnAnInvalidSlot.before(boundsOf(PREFAULT_OF_A_SLOT)),
    expect: violated(PREFAULT, 'zap-all-can-finish'),
  },
  {
    id: 'invalid-slot-is-mmio',
    aliases: ['F3'],
    title: 'v3.1..v5.12: treat an INVALID slot as no slot, and store an MMIO SPTE over a present one',
    status: 'bug',
    kernel: { commit: 'e0c378684b65', version: 'v3.1..v5.12', function: 'try_async_pf' },
    about:
      'The slot is INVALID before anything is zapped, so the SPTE may be present. Here it is overwritten: it stays on its rmap, TLBs keep the translation, and the zap misses both. The TDP MMU hit a BUG() instead. mmu_set_spte() dropped the SPTE first (invalid-slot-is-mmio-after-a-drop) until v5.13; since then it relies on the retry added by e0c378684b65 ("Retry page faults that hit an invalid memslot").',
    scenarios: [MMIO, MMIO_2],
    patches: [replace('PF.8', invalidIsNoSlot()), move('SET.1', { before: 'SET.2' })],
    expect: [
      ...violated(MMIO, 'rmap-holds-present-sptes', 'no-freed-spte-on-rmap', 'mmio-spte-is-fresh'),
      ...violated(MMIO_2, 'rmap-holds-present-sptes', 'no-flush-debt-at-unlock', 'mmio-spte-is-fresh'),
    ],
  },
  {
    id: 'invalid-slot-is-mmio-after-a-drop',
    aliases: [],
    title: 'v3.1..v5.12: treat an INVALID slot as no slot, but drop a present SPTE first, and flush',
    status: 'before',
    kernel: { commit: 'e0c378684b65', version: 'v3.1..v5.12', function: 'mmu_set_spte' },
    about:
      'The shadow MMU before v5.13: rmap and TLBs are correct, but accesses to memory are emulated as MMIO while the slot is being deleted.',
    scenarios: [MMIO],
    patches: [replace('PF.8', invalidIsNoSlot())],
    expect: violated(MMIO, 'mmio-spte-is-fresh'),
  },
  {
    id: 'invalid-phase-dropped',
    aliases: [],
    title: 'zap and remove the slot without an INVALID phase',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_set_memslot' },
    about: 'Faults map gfns of the slot between the zap and the installation of the memslots without it.',
    scenarios: [FAULT, MOVE_FAULT],
    patches: [only('memslot', drop('SL.2')), only('memslot', drop('SL.3'))],
    expect: [FAULT, MOVE_FAULT].flatMap((scenario) => [
      ...violated(scenario, ...ADDED, 'leaf-is-on-its-rmap'),
      ...notReached('The slot is never INVALID here.', scenario, 'fault-finds-an-invalid-slot'),
    ]),
  },
  {
    id: 'lock-dropped-with-unflushed-zaps',
    aliases: ['4e103134', 'B21'],
    title: 'v5.1..v5.2: do not flush before mmu_lock is dropped in the zap of a slot',
    status: 'bug',
    kernel: {
      commit: '4e103134b862',
      version: 'v5.1..v5.2',
      function: 'kvm_mmu_invalidate_zap_pages_in_memslot',
    },
    about:
      'The first zap of a single slot instead of everything; reverted in v5.3 because guests with assigned devices broke, for a reason that was never found. The walk may drop mmu_lock after SPTEs were zapped but not flushed. A notifier that runs then finds no SPTE, does not flush, and the host frees a page that a TLB still maps. The race is real; whether it caused the reports is unknown, since the memory of such guests is pinned, which leaves only mappings of device regions.',
    scenarios: [DEBT],
    patches: [only('memslot', drop('ZS.2 yield/flush'))],
    expect: violated(DEBT, 'no-flush-debt-at-unlock', 'no-mapping-of-a-lost-page'),
  },
  {
    id: 'slot-zap-of-leaves-only',
    aliases: ['B24', 'A11'],
    title: 'v6.12-rc: zap only the leaf SPTEs of a deleted slot, not the shadow pages of tables in it',
    status: 'bug',
    kernel: { version: 'v6.12-rc1', function: 'kvm_mmu_zap_memslot_leafs' },
    about:
      'A page that shadows a guest table in the slot is still accounted in the arrays of the slot; zapping it later looks up a slot that is gone and dereferences NULL. Fixed before v6.12 by fcd1ec9cb59c.',
    scenarios: [TABLE],
    patches: [only('memslot', drop('ZS.3')), only('memslot', drop('ZS.3 zap'))],
    expect: violated(TABLE, 'no-spte-of-a-freed-slot', 'no-use-after-free'),
  },
  {
    id: 'invalid-slot-retried-inside-srcu',
    aliases: ['L4'],
    title: 'retry a fault on an INVALID slot without leaving the SRCU read section',
    status: 'bug',
    kernel: { version: 'v6.10..v7.2', function: 'kvm_tdp_map_page' },
    about:
      'The prefault loop and TDX did this: the deletion waits for the reader, and the reader waits for the deletion. The ordinary path leaves SRCU when it enters the guest; the prefault ioctl has returned -EAGAIN since.',
    scenarios: [FAULT],
    patches: [
      replace(
        'PF.8',
        step(
          'PF.8',
          {
            fn: 'kvm_faultin_pfn',
            since: 'v6.10..v7.2',
            shows: (kvm, v) => `fault->slot: ${kvm.vcpu[v].fault.slot}`,
          },
          [{ when: (kvm, v) => kvm.vcpu[v].fault.slot !== 'valid', to: 'PF.3' }, {}],
        ),
      ),
    ],
    expect: violated(FAULT, 'zap-all-can-finish', 'every-access-can-finish'),
  },
  {
    id: 'no-ipi-for-a-kicked-vcpu',
    aliases: [],
    title: 'send the request of the zap no IPI to a vCPU that is in EXITING_GUEST_MODE',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_request_needs_ipi' },
    about:
      'EXITING_GUEST_MODE says that an IPI is on its way, not that the guest has stopped. Installing the memslots has kicked the vCPU, and nothing has waited for that: the guest keeps running on the root that is zapped. With KVM_REQUEST_WAIT the kernel sends another IPI and waits for it.',
    scenarios: [MMIO],
    patches: [
      only(
        'memslot',
        replace(
          'ZF.4/request/REQ.2',
          exchangeMode(
            (kvm) => kvm.memslot[0].req,
            (mode) => mode === 'IN_GUEST_MODE',
          ),
        ),
      ),
    ],
    expect: violated(MMIO, 'no-guest-on-a-root-after-its-request', 'no-flush-debt-at-unlock'),
  },
]

/** What the fault does with memslots from here on is outside the section. */
function srcuForgotten(): Step<Kvm> {
  return step(
    'PF.2 srcu',
    { fn: 'paging64_page_fault', since: 'history', shows: 'kvm->srcu is not held' },
    { does: srcu_read_unlock },
  )
}
