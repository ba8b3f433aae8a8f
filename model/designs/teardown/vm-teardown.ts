import { drop, insert, type Patch, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { cancelQueued, putKvm } from '../../machines/teardown/destroy-vm.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

const TEARDOWN = 'vm-teardown'
const MODULE = 'no-module-code-after-its-last-reference'

/** Each work item holds a reference to the VM, which the kworker puts when it is done. */
const workHoldsTheVm: readonly Patch<Kvm>[] = [
  insert(
    { after: 'APF.1' },
    step(
      'APF.1 get',
      { fn: 'kvm_setup_async_pf', since: 'v2.6.38..v6.8', shows: 'kvm_get_kvm(work->vcpu->kvm)' },
      {
        does: (kvm) => {
          kvm.teardown[0].users_count++
        },
      },
    ),
  ),
  insert({ after: 'AW.6' }, ...putKvm('AW.6 put', 'AW.7')),
]

/** 22583f0d9c85: `if (!work->vcpu) continue`, which async_pf_execute() has cleared with the work on async_pf.done. */
const skipDoneWork: Patch<Kvm> = replace(
  'DV.1',
  cancelQueued((kvm) => kvm.vcpu[0].async_pf[0].done),
)

/** A kworker uses a vCPU: what keeps the vCPU, its VM and the KVM module alive until the kworker has returned? */
export const vmTeardownDesigns: readonly Design<Kvm>[] = [
  {
    id: 'apf-worker-holds-the-vm',
    aliases: ['H4'],
    title: '..v4.8: hold a VM reference in each async page fault, and wait for the work on teardown',
    status: 'bug',
    kernel: { commit: 'af585b921e5d', version: 'v2.6.38..v4.8', function: 'async_pf_execute' },
    about:
      'The process closes its files while a page is swapped in; the kworker puts the last reference, destroys the VM, and waits for the very work that it is executing. 22583f0d9c85 avoided the deadlock; 3d75b8aa5c29 (CVE-2024-26976, "Always flush async #PF workqueue when vCPU is being destroyed") removed the reference.',
    scenarios: [TEARDOWN],
    patches: [...workHoldsTheVm, drop('DV.4'), drop('APF.10')],
    expect: violated(TEARDOWN, 'no-deadlock', MODULE),
  },
  {
    id: 'apf-worker-holds-the-vm-and-is-flushed',
    aliases: ['H4-flush'],
    title: 'hold the VM reference, and wait for all work, whether done or not',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_clear_async_pf_completion_queue' },
    about:
      'Half of 3d75b8aa5c29: the deadlock that the trace in its message shows, "kworker blocked for more than 120 seconds".',
    scenarios: [TEARDOWN],
    patches: workHoldsTheVm,
    expect: violated(TEARDOWN, 'no-deadlock'),
  },
  {
    id: 'apf-done-work-not-waited-for',
    aliases: ['CVE-2024-26976'],
    title: 'v4.9..v6.8: hold the VM reference, and do not wait for work on async_pf.done',
    status: 'bug',
    kernel: {
      commit: '22583f0d9c85',
      version: 'v4.9..v6.8',
      function: 'kvm_clear_async_pf_completion_queue',
    },
    about:
      'CVE-2024-26976. 22583f0d9c85 ("avoid recursive flushing of work items") avoided the deadlock this way. The VM stays until the kworker has put its reference, but the module may not: nothing waits for async_pf_execute() to return. Fixed by 3d75b8aa5c29.',
    scenarios: [TEARDOWN],
    patches: [...workHoldsTheVm, skipDoneWork, drop('DV.4'), drop('APF.10')],
    expect: violated(TEARDOWN, MODULE),
  },
  {
    id: 'apf-completion-does-not-flush',
    aliases: [],
    title: 'free work in kvm_check_async_pf_completion() without waiting for it',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_check_async_pf_completion' },
    about:
      'The teardown does not see work that the vCPU has already dequeued. The message of 3d75b8aa5c29 says why the flush is needed here as well.',
    scenarios: [TEARDOWN],
    patches: [drop('APF.10')],
    expect: violated(TEARDOWN, 'no-use-after-free', MODULE),
  },
  {
    id: 'apf-teardown-does-not-flush',
    aliases: [],
    title: 'drop the VM reference without waiting for work on async_pf.done',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_clear_async_pf_completion_queue' },
    about: 'What the reference prevented: the kworker wakes up a vCPU that has been freed.',
    scenarios: [TEARDOWN],
    patches: [skipDoneWork, drop('DV.4')],
    expect: violated(TEARDOWN, 'no-use-after-free', MODULE),
  },
]
