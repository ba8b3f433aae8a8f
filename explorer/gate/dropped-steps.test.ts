import { expect, it } from 'vitest'
import { dropsNoticedIn, survivingDrops } from '../../model/designs/surviving-drops.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { dropSteps } from '../cli/mutation/drop-steps.ts'
import { programsOf } from '../cli/mutation/mutator.ts'
import { MUTATORS } from '../cli/mutation/mutators.ts'
import { reviewed } from '../cli/mutation/review.ts'
import { type Trial, type TrialOptions, tryMutants } from '../cli/mutation/trials.ts'
import { runCheck } from '../cli/run-check.ts'
import { effort } from '../testing/effort.ts'

// A part of `mmucheck mutate --only drop`, which takes minutes: statements that were once dropped unnoticed.

async function trialsOf(
  scenarios: readonly string[],
  ids: readonly string[],
  options: Partial<TrialOptions> = {},
): Promise<Trial[]> {
  const trials = tryMutants(
    {
      catalogue,
      runner: { run: (request, _signal, listener) => runCheck(catalogue, request, listener) },
      signal: new AbortController().signal,
      onProgress: () => {},
      onDone: () => {},
    },
    {
      mutator: dropSteps,
      base: catalogue.designs[0],
      scenarios: catalogue.scenarios.filter(({ id }) => scenarios.includes(id)),
      isWanted: (id) => ids.includes(id),
      mostStates: null,
      mostScenarios: null,
      searchFirst: {},
      atOnce: 1,
      ...options,
    },
  )
  const found: Trial[] = []
  for await (const trial of trials) found.push(trial)
  return found
}

const NOTICED = [
  // The flushes when a child is replaced.
  ['FETCH.6 flush in link_shadow_page()', 'replaced-table', 'no-flush-debt-at-unlock'],
  ['GET.0 flush in validate_direct_spte()', 'huge-page-becomes-dirty', 'no-flush-debt-at-unlock'],
  // The flush for a root of unknown provenance.
  ['LOAD.7 in kvm_mmu_load()', 'root-of-unknown-provenance', 'no-flush-debt-at-unlock'],
  // The flush when an SPTE is replaced by an MMIO SPTE.
  ['SET.5 in mmu_set_spte()', 'slot-create-mmio', 'no-use-after-free'],
  ['SET.6 in rmap_add()', 'replaced-table', 'leaf-is-on-its-rmap'],
  // The flush before mmu_lock is dropped in the zap of a memslot.
  [
    'flush or zap in kvm_mmu_zap_memslot_pages_and_flush()',
    'slot-delete-flush-debt-of-the-last-gfn',
    'no-flush-debt-at-unlock',
  ],
  // The commits of what a vCPU has zapped, which flush as well.
  ['FETCH.6 commit in kvm_mmu_remote_flush_or_zap()', 'replaced-nested-table', 'page-on-one-list'],
  ['SY.5 commit in kvm_mmu_remote_flush_or_zap()', 'unsync-table-without-slot', 'page-on-one-list'],
  ['FR.4 in kvm_mmu_free_roots()', 'slot-delete-previous-root', 'page-on-one-list'],
  ['PF.12 retry in mmu_invalidate_retry_gfn()', 'fault-notifier', 'no-install-during-invalidation'],
]

it.each(NOTICED.filter((_, n) => n % effort(3, 1) === 0))(
  '%s is noticed in %s by %s',
  async (id, scenario, property) => {
    const [{ outcome }] = await trialsOf([scenario], [id])
    expect(outcome).toMatchObject({ kind: 'noticed', scenario, property })
  },
)

it('a statement that only saves work survives, and is explained', async () => {
  const [trial] = await trialsOf(['aging-rmap'], ['K1 in vcpu_enter_guest()'])
  expect(trial.outcome).toMatchObject({ kind: 'survives', scenarios: ['aging-rmap'] })
  expect(reviewed(trial, survivingDrops, true).standing).toBe('explained')
})

it('reasons and scenarios are known for changes that exist', () => {
  const all = catalogue.scenarios.map((scenario) => programsOf(scenario))
  for (const { id: kind, mutants } of MUTATORS) {
    const ids = new Set(all.flatMap((programs) => mutants(programs).map(({ id }) => id)))
    const { surviving = [], noticedIn = {} } = catalogue.mutants?.[kind] ?? {}
    expect(surviving.length).toBeGreaterThan(0)
    const named = [...surviving.map(({ id }) => id), ...Object.keys(noticedIn)]
    expect(named.filter((id) => !ids.has(id))).toEqual([])
    expect(new Set(named).size).toBe(named.length)
  }
  const scenarios = catalogue.scenarios.map(({ id }) => id)
  expect(Object.values(dropsNoticedIn).filter((id) => !scenarios.includes(id))).toEqual([])
})
