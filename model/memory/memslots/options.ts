import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

export const memslotsOptions = z
  .strictObject({
    slots: count
      .default(0)
      .describe('Memslots that can change; 0: all frames are in one slot that never changes.'),
    of: list(id.nullable())
      .default([])
      .describe('The memslot of each guest frame; null: a slot that never changes.'),
    deletes: z
      .int()
      .min(0)
      .max(1)
      .default(0)
      .describe('How often slot 0 is deleted (0 or 1), which makes SRCU part of the model.'),
    creates: z
      .int()
      .min(0)
      .max(1)
      .default(0)
      .describe('How often slot 0 is created (0 or 1); it does not exist initially.'),
    moves: z
      .int()
      .min(0)
      .max(1)
      .default(0)
      .describe(
        'How often the memory of slot 0 is moved to the frames of slot 1 (0 or 1), which does not exist initially.',
      ),
    readOnly: list(id)
      .default([])
      .describe(
        'Frames in a read-only memslot (KVM_MEM_READONLY): reads map them read-only, and KVM emulates writes.',
      ),
    mmio: choice
      .default(false)
      .describe('Accesses to a frame without a slot install MMIO SPTEs, tagged with the memslot generation.'),
    generations: count
      .default(0)
      .describe('How many generations an MMIO SPTE can hold (2^19 in the kernel); 0: they never wrap.'),
    addressSpaceBits: z
      .union([z.literal(0), z.literal(1)])
      .default(0)
      .describe(
        "Bits of the generation that hold the address space; 1: there are two, and the scenario models SMM's.",
      ),
    kicks: choice
      .default(false)
      .describe(
        'Whenever memslots are installed, all vCPUs are kicked out of guest mode, without a request.',
      ),
    preciseZap: choice
      .default(false)
      .describe('The deleted slot is zapped page by page (kvm_mmu_zap_memslot()) instead of everything.'),
  })
  .describe('Memslots that change.')

export const guestMemfdOptions = z
  .strictObject({
    on: choice
      .default(false)
      .describe('A memslot is bound to a file of guest_memfd, which userspace closes.'),
    updates: count
      .default(0)
      .describe('How often userspace asks to change the flags of the memslot before it deletes it.'),
  })
  .describe('guest_memfd: the binding of a memslot to a file.')
