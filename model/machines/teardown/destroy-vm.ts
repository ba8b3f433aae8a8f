import { type Block, block, type Entry, inFunction, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { free_async_pf } from '../../memory/fault/async-pf.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { count_down } from '../../memory/primitives/asserted.ts'
import { EXIT } from '../hand-over.ts'

/** The block in which the last file of the VM is closed. */
export const CLOSE = 'CLOSE'

const since: ReadIn = 'v6.9..v7.2, v6.1.192'
const clearQueue = { fn: 'kvm_clear_async_pf_completion_queue', since }
const destroy = { fn: 'kvm_destroy_vm', since }

const users = (kvm: Kvm): number => kvm.teardown[0].users_count

/** `module_put(THIS_MODULE)`. @throws Oops when there is no reference. */
export function module_put(kvm: Kvm): void {
  kvm.teardown[0].module_refs = count_down('module_refs', kvm.teardown[0].module_refs)
}

/** The process exits: KVM_RUN returns to userspace, which does not call it again. */
export function exitForClose(bounds: Bounds): Step<Kvm>[] {
  if (!bounds.teardown.closes) return []
  return [
    step(
      'exit for good',
      { fn: 'guest', since: 'guest', shows: 'an exit after which the process ends' },
      { when: (kvm, v) => kvm.vcpu[v].guest === 'idle', to: EXIT.close },
    ),
  ]
}

/** The last file of the VM is closed, and the thread ends. The fput() that calls KVM puts the module afterwards. */
export function closeFile(): Block<Kvm> {
  const fn = '__fput'
  return block(
    CLOSE,
    [
      ...putKvm('CL.1', 'CL.2'),
      step(
        'CL.2',
        { fn, since: 'outside KVM', shows: 'fops_put(): module_put(THIS_MODULE)' },
        {
          does: (kvm) => {
            module_put(kvm)
          },
          to: 'done',
        },
      ),
    ],
    { fn },
  )
}

/** `kvm_put_kvm()`: putting the last reference destroys the VM. Jumps to `then` when it has returned. */
export function putKvm(name: string, then: string): Entry<Kvm>[] {
  const fn = 'kvm_put_kvm'
  const put = (kvm: Kvm): void => {
    kvm.teardown[0].users_count = count_down('users_count', users(kvm))
  }
  return [
    step(
      name,
      {
        fn,
        since: 'v2.6.25..v7.2',
        c: 'refcount_dec_and_test(',
        shows: (kvm) => `refcount_dec_and_test(&kvm->users_count) = ${users(kvm) === 1}`,
      },
      [{ when: (kvm) => users(kvm) > 1, does: put, to: then }, { does: put }],
    ),
    ...inFunction(fn, destroyVm(then)),
  ]
}

/**
 * The part of `kvm_destroy_vm()` that concerns asynchronous page faults and the vCPU, of which there is one. Freeing
 * shadow pages, memslots and everything else is left out: no modelled thread could still use them.
 */
function destroyVm(then: string): Block<Kvm> {
  return block(
    'DV',
    [
      ...inFunction(
        clearQueue.fn,
        cancelQueued(),
        step<Kvm>(
          'DV.2',
          { fn: '__flush_work', since, c: { none: 'outside KVM' }, shows: 'wait_for_completion(&barr.done)' },
          {
            when: (kvm) => kvm.vcpu[0].async_pf[0].work === 'idle',
            does: (kvm) => {
              kvm.vcpu[0].async_pf[0].queued = false
            },
          },
        ),
        step<Kvm>(
          'DV.3',
          {
            ...clearQueue,
            c: 'list_del(&work->link)',
            shows: (kvm) =>
              kvm.vcpu[0].async_pf[0].done ? 'list_del(&work->link)' : 'async_pf.done is empty',
          },
          [
            { when: (kvm) => !kvm.vcpu[0].async_pf[0].done, to: 'DV.6' },
            {
              does: (kvm) => {
                kvm.vcpu[0].async_pf[0].done = false
              },
            },
          ],
        ),
        step<Kvm>(
          'DV.4',
          { fn: '__flush_work', since, c: { none: 'outside KVM' }, shows: 'wait_for_completion(&barr.done)' },
          { when: (kvm) => kvm.vcpu[0].async_pf[0].work === 'idle' },
        ),
        step<Kvm>(
          'DV.5',
          {
            ...clearQueue,
            c: 'kvm_flush_and_free_async_pf_work(',
            shows: 'kmem_cache_free(async_pf_cache, work)',
          },
          { does: (kvm) => free_async_pf(kvm, 0) },
        ),
      ),
      step(
        'DV.6',
        {
          ...destroy,
          c: { callee: 'kvm_arch_destroy_vm', at: 'kvm_destroy_vcpus(' },
          shows: 'kvm_destroy_vcpus(kvm)',
        },
        {
          does: (kvm) => {
            kvm.teardown[0].vcpus_freed = true
          },
        },
      ),
      step(
        'DV.7',
        { ...destroy, c: 'kvm_arch_free_vm(', shows: 'kvm_arch_free_vm(kvm); module_put(THIS_MODULE)' },
        {
          does: (kvm) => {
            module_put(kvm)
          },
          to: then,
        },
      ),
    ],
    { fn: destroy.fn },
  )
}

/** DV.1: cancels pending work; waits for running work, except for what a design skips. */
export function cancelQueued(skips: (kvm: Kvm) => boolean = () => false): Step<Kvm> {
  const apf = (kvm: Kvm) => kvm.vcpu[0].async_pf[0]
  return step(
    'DV.1',
    {
      ...clearQueue,
      c: ['list_del(&work->queue)', 'cancel_work_sync('],
      shows: (kvm) => {
        if (!apf(kvm).queued) return 'async_pf.queue is empty'
        if (skips(kvm)) return 'list_del(&work->queue); it is on async_pf.done'
        return `list_del(&work->queue); cancel_work_sync(): it is ${apf(kvm).work}`
      },
    },
    [
      { when: (kvm) => !apf(kvm).queued, to: 'DV.3' },
      {
        when: skips,
        does: (kvm) => {
          apf(kvm).queued = false
        },
        to: 'DV.3',
      },
      {
        when: (kvm) => apf(kvm).work === 'pending',
        does: (kvm) => {
          apf(kvm).work = 'idle'
          free_async_pf(kvm, 0)
        },
        to: 'DV.3',
      },
      {},
    ],
  )
}
