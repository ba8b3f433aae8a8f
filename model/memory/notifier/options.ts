import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

export const hostOptions = z
  .strictObject({
    pfns: count.default(2).describe('Host pages; guest frame g starts on host page g.'),
    dirty: choice
      .default(false)
      .describe('Track which pages the guest wrote, in the D bit of SPTEs and for the host.'),
  })
  .describe("The host's memory.")

export const attributesOptions = z
  .strictObject({
    changes: count.default(1).describe('How often userspace changes the attribute of a frame.'),
    of: list(id).default([]).describe('The frames that become private, or shared again.'),
  })
  .describe(
    'KVM_SET_MEMORY_ATTRIBUTES: frames are private or shared. The private page of frame of[i] is host page guest.gfns + i.',
  )
  .default({ changes: 0, of: [] })

export const apicPageOptions = z
  .strictObject({
    gfn: id.exactOptional().describe('The frame of the page; without it there is none.'),
  })
  .describe('The APIC access page of VMX, whose host address is in each VMCS.')

export const pfnCacheOptions = z
  .strictObject({
    gfn: id.default(0).describe('The frame that the cache is for.'),
    uses: count.default(0).describe('How often KVM accesses the page through the cache; 0: there is none.'),
    toggles: count.default(0).describe('How often userspace deactivates the cache and activates it again.'),
  })
  .describe('A pfn cache (gfn_to_pfn_cache), through which KVM itself accesses a page of the guest.')

export const notifierOptions = z
  .strictObject({
    threads: count.default(1).describe('Threads that invalidate.'),
    invalidations: count.default(1).describe('How often each of them does.'),
    of: list(id).default([]).describe('The frames whose pages they take.'),
    cow: list(id)
      .default([])
      .describe(
        'Frames whose page is shared with another process at the start: before the guest first writes to one, the faulting vCPU breaks the sharing, and runs a notifier for that.',
      ),
    range: list(id)
      .default([])
      .describe(
        'The frames of an event over a range of host addresses, which may be in several memslots (memslots.of). Thread 0 makes it; the others, or thread 0 if it is the only one, make those of a frame in `of`.',
      ),
    breaks: choice
      .default(false)
      .describe('Such events may block: mmu_lock may be dropped after each frame (v6.12).'),
    rangedFlush: choice
      .default(false)
      .describe(
        'The flush before mmu_lock is dropped covers a range, by a hypercall, as where the host runs on Hyper-V.',
      ),
  })
  .describe('Threads that invalidate host pages through the mmu notifier.')
  .default({
    threads: 0,
    invalidations: 0,
    of: [],
    cow: [],
    range: [],
    breaks: false,
    rangedFlush: false,
  })
