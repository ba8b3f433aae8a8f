import { z } from 'zod'
import { choice, count } from '../option-kinds.ts'

export const memoryOrderOptions = z
  .strictObject({
    barriers: choice.default(false).describe('Memory barriers are steps.'),
    storeBuffers: choice
      .default(false)
      .describe("Each vCPU's CPU has a store buffer (x86-TSO) of one entry."),
  })
  .describe('The order of memory accesses, where it is not sequential consistency.')

export const requestsOptions = z
  .strictObject({
    hardwareRoot: choice
      .default(false)
      .describe(
        'The root that the hardware walks is a separate one, and KVM_REQ_LOAD_MMU_PGD loads mmu->root into it. Without it they are one.',
      ),
    flushOnReuse: choice
      .default(false)
      .describe(
        'A cached root that is used again is synced, and its context flushed (KVM_REQ_TLB_FLUSH_CURRENT; the module parameter flush_on_reuse).',
      ),
    deferredFlush: choice
      .default(false)
      .describe('A flush is noted in the VMCB and carried out by VMRUN, as on SVM.'),
    flushHistory: choice
      .default(false)
      .describe('Record which translations are older than a flush that was made (history).'),
    halts: count.default(0).describe('How often the guest on each vCPU executes HLT and sleeps.'),
    interrupts: count.default(0).describe('How many interrupts a device sends, to any vCPU.'),
  })
  .describe('Requests to vCPUs besides those of every scenario, vCPUs that sleep, and the hardware root.')
