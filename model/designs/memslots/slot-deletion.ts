import { drop, insert, only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { invalidIsNoSlot, slotTest } from '../../machines/fault/fault-slot.ts'
import { dropOther } from '../../machines/fault/set-spte.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { SLOT_DELETE_MMIO } from '../../scenarios/memslots/slots.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

/**
 * Deleting a memslot: the INVALID phase, the two grace periods, and three generations of zapping only what
 * belongs to the slot (shadow-mmu.md 6.4, 8.8, B21, B24, B25; bug-catalogue.md A11, F3).
 */

const FAULT = 'slot-delete-fault'
const MOVE_FAULT = 'slot-move-fault'
const DEBT = 'slot-delete-flush-debt'
const TABLE = 'slot-delete-table'
const MMIO = 'slot-delete-mmio'
const MMIO_2 = 'slot-delete-mmio-two-vcpus'

const ADDED = ['no-spte-of-a-freed-slot', 'nothing-added-to-an-invalid-slot']

export const slotDeletionDesigns: readonly Design<Kvm>[] = [
  {
    id: 'first-grace-period-dropped',
    aliases: ['B25'],
    title: 'no synchronize_srcu() after the slot was published as INVALID',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_swap_active_memslots' },
    about:
      'A fault that found the slot valid maps a frame of it after the slot was zapped. When the zap makes every root obsolete, the stale check of the fault path would catch that fault; with kvm_mmu_zap_memslot() nothing does.',
    scenarios: [FAULT, MOVE_FAULT],
    patches: [only('memslot', drop('SL.3'))],
    expect: [FAULT, MOVE_FAULT].flatMap((scenario) => violated(scenario, ...ADDED)),
  },
  {
    id: 'second-grace-period-dropped',
    aliases: [],
    title: 'no synchronize_srcu() after the set without the slot was published',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_swap_active_memslots' },
    about: 'A fault that found the INVALID slot still holds a pointer to it when it is freed.',
    scenarios: [FAULT, MOVE_FAULT],
    patches: [only('memslot', drop('SL.6 wait'))],
    expect: [FAULT, MOVE_FAULT].flatMap((scenario) =>
      violated(scenario, 'no-use-after-free', 'every-access-can-finish'),
    ),
  },
  {
    id: 'invalid-slot-not-tested',
    aliases: [],
    title: 'the fault path does not look at KVM_MEMSLOT_INVALID',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_faultin_pfn' },
    about: 'The grace period has passed, and still a new fault maps a frame of the slot that is deleted.',
    scenarios: [FAULT, MOVE_FAULT],
    patches: [
      replace(
        'PF.8',
        slotTest(() => false),
      ),
    ],
    expect: [FAULT, MOVE_FAULT].flatMap((scenario) => violated(scenario, ...ADDED)),
  },
  {
    id: 'invalid-slot-is-mmio',
    aliases: ['F3'],
    title: 'a fault on an INVALID slot is one on no slot, and stores an MMIO SPTE over what is mapped',
    status: 'bug',
    kernel: { commit: 'e0c378684b65', version: 'v3.1..v5.12', function: 'try_async_pf' },
    about:
      'The slot is INVALID before anything is zapped, so that the SPTE may be present. Here it is overwritten: it stays on its rmap, TLBs keep the translation, and the zap does not know of either. The TDP MMU stopped in a BUG() instead; mmu_set_spte() of the time dropped the SPTE first (the next design), and stores without looking since v5.13, relying on the retry of e0c378684b65 ("Retry page faults that hit an invalid memslot").',
    scenarios: [MMIO, MMIO_2],
    patches: [replace('PF.8', invalidIsNoSlot())],
    expect: [
      ...violated(MMIO, 'rmap-holds-present-sptes', 'no-freed-spte-on-rmap', 'mmio-spte-is-fresh'),
      ...violated(MMIO_2, 'rmap-holds-present-sptes', 'no-flush-debt-at-unlock', 'mmio-spte-is-fresh'),
    ],
  },
  {
    id: 'invalid-slot-is-mmio-after-a-drop',
    aliases: [],
    title: 'a fault on an INVALID slot is one on no slot; the present SPTE is dropped and flushed first',
    status: 'before',
    kernel: { commit: 'e0c378684b65', version: 'v3.1..v5.12', function: 'mmu_set_spte' },
    about:
      'What the shadow MMU did before v5.13: rmap and TLBs are as they should be. What remains is that accesses to memory are emulated as MMIO while the slot is being deleted.',
    scenarios: [MMIO],
    patches: [
      replace('PF.8', invalidIsNoSlot()),
      insert({ before: 'SET.1' }, dropOther(boundsOf(SLOT_DELETE_MMIO))),
    ],
    expect: violated(MMIO, 'mmio-spte-is-fresh'),
  },
  {
    id: 'invalid-phase-dropped',
    aliases: [],
    title: 'the slot is zapped and removed without having been INVALID',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_set_memslot' },
    about: 'Faults map frames of the slot between the zap and the publication of the set without it.',
    scenarios: [FAULT, MOVE_FAULT],
    patches: [only('memslot', drop('SL.2')), only('memslot', drop('SL.3'))],
    expect: [FAULT, MOVE_FAULT].flatMap((scenario) => [
      ...violated(scenario, ...ADDED),
      ...notReached('The slot is never INVALID here.', scenario, 'fault-finds-an-invalid-slot'),
    ]),
  },
  {
    id: 'lock-dropped-with-unflushed-zaps',
    aliases: ['4e103134', 'B21'],
    title: 'v5.1: the rmaps of the slot are walked without a flush before mmu_lock is dropped',
    status: 'bug',
    kernel: {
      commit: '4e103134b862',
      version: 'v5.1..v5.2',
      function: 'kvm_mmu_invalidate_zap_pages_in_memslot',
    },
    about:
      'The first zap of one slot instead of everything; reverted in v5.3 because guests with assigned devices broke, for a reason never found. The walk may drop mmu_lock while SPTEs are zapped and not flushed. A notifier that runs then finds no SPTE, does not flush, and the host frees a page that a TLB still maps. That this is possible is certain; whether it was the cause is not known: the memory of such guests is pinned, which leaves the mappings of device regions.',
    scenarios: [DEBT],
    patches: [only('memslot', drop('ZS.2 yield/flush'))],
    expect: violated(DEBT, 'no-flush-debt-at-unlock', 'no-mapping-of-a-lost-page'),
  },
  {
    id: 'slot-zap-of-leaves-only',
    aliases: ['B24', 'A11'],
    title: 'v6.12-rc: deleting a slot zaps its leaf SPTEs and keeps shadow pages of tables in it',
    status: 'bug',
    kernel: { version: 'v6.12-rc1', function: 'kvm_mmu_zap_memslot_leafs' },
    about:
      'The page that shadows a guest table in the slot is still accounted in the slot’s arrays; zapping it later looks up a slot that is gone: a NULL dereference, fixed before v6.12 by fcd1ec9cb59c.',
    scenarios: [TABLE],
    patches: [only('memslot', drop('ZS.3')), only('memslot', drop('ZS.3 zap'))],
    expect: violated(TABLE, 'no-spte-of-a-freed-slot', 'no-use-after-free'),
  },
  {
    id: 'invalid-slot-retried-inside-srcu',
    aliases: ['L4'],
    title: 'a fault on an INVALID slot is tried again without leaving the SRCU section',
    status: 'bug',
    kernel: { version: 'v6.10..v6.16', function: 'kvm_tdp_map_page' },
    about:
      'As the prefault loop and TDX did: the deletion waits for the reader, and the reader waits for the deletion. The ordinary path leaves SRCU when it enters the guest; the prefault ioctl returns -EAGAIN since.',
    scenarios: [FAULT],
    patches: [
      replace(
        'PF.8',
        step(
          'PF.8',
          {
            fn: 'kvm_faultin_pfn',
            since: 'v6.10..v6.16',
            shows: (kvm, v) => `fault->slot: ${kvm.vcpu[v].fault.slot}`,
          },
          [{ when: (kvm, v) => kvm.vcpu[v].fault.slot !== 'valid', to: 'PF.3' }, {}],
        ),
      ),
    ],
    expect: violated(FAULT, 'zap-all-can-finish', 'every-access-can-finish'),
  },
]
