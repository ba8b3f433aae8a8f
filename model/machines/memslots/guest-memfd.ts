import { choice, inFunction, type Program, program, type Step, step } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'

const since: ReadIn = 'v6.8..v7.2'
const release = { fn: 'kvm_gmem_release', since } as const
const set = { fn: 'kvm_set_memory_region', since } as const
const free = { fn: 'kvm_free_memslot', since } as const
const unbind = { fn: 'kvm_gmem_unbind', since } as const

/** Userspace closes the file; putting the last reference calls `kvm_gmem_release()`. */
export function guestMemfdFile(): Program<Kvm> {
  const gmem = (kvm: Kvm) => kvm.gmem[0]
  return program<Kvm>('gmemfile', 'userspace closes a file of guest_memfd', [
    step(
      'GR.1',
      {
        fn: '__fput',
        since: 'outside KVM',
        shows: 'close(): the reference of userspace is put',
        validEnd: true,
      },
      { does: put_file },
    ),
    choice(
      'GR.1 wait',
      [
        step(
          'GR.1 release',
          { fn: '__fput', since: 'outside KVM', shows: 'the last reference was put: release()' },
          { when: (kvm) => gmem(kvm).release === 'wanted' },
        ),
      ],
      { validEnd: true },
    ),
    ...inFunction<Kvm>(
      release.fn,
      step<Kvm>(
        'GR.2',
        { ...release, c: 'mutex_lock(&kvm->slots_lock)', shows: 'mutex_lock(&kvm->slots_lock)' },
        {
          when: (kvm) => gmem(kvm).slots_lock === 'free',
          does: (kvm) => {
            gmem(kvm).slots_lock = 'gmemfile'
          },
        },
      ),
      step<Kvm>(
        'GR.3',
        {
          ...release,
          c: 'WRITE_ONCE(slot->gmem.file, NULL)',
          shows: (kvm) => (gmem(kvm).binding ? 'slot->gmem.file = NULL' : 'no slot is bound'),
        },
        [
          { when: (kvm) => !gmem(kvm).binding },
          {
            does: (kvm) => {
              if (gmem(kvm).slot_freed)
                throw new Oops('no-use-after-free', 'kvm_gmem_release() writes to a memslot that was freed')
              gmem(kvm).slot_file = false
            },
          },
        ],
      ),
      step<Kvm>(
        'GR.4',
        { ...release, c: 'mutex_unlock(&kvm->slots_lock)', shows: 'mutex_unlock(&kvm->slots_lock)' },
        {
          does: (kvm) => {
            gmem(kvm).slots_lock = 'free'
          },
        },
      ),
      step<Kvm>(
        'GR.5',
        {
          ...release,
          c: 'xa_destroy(',
          shows: 'xa_destroy(bindings), kfree()',
          fused: 'Nothing else can reach the bindings any more.',
        },
        {
          does: (kvm) => {
            gmem(kvm).binding = false
            gmem(kvm).release = 'done'
          },
          to: 'done',
        },
      ),
    ),
  ])
}

function put_file(kvm: Kvm): void {
  const gmem = kvm.gmem[0]
  gmem.file_count--
  if (gmem.file_count === 0) gmem.release = 'wanted'
}

/** Userspace asks for other flags of the memslot, and deletes it. */
export function guestMemfdSlot(): Program<Kvm> {
  const gmem = (kvm: Kvm) => kvm.gmem[0]
  return program<Kvm>('gmemslot', 'userspace changes and deletes a memslot of guest_memfd', [
    choice(
      'idle',
      [
        lockSlots('GS.1 flags', 'flags = 0', 'GS.2', (kvm) => {
          if (gmem(kvm).updates_left === 0 || gmem(kvm).deletes_left === 0) return false
          return true
        }),
        lockSlots('GS.1', 'delete', 'GS.3', (kvm) => gmem(kvm).deletes_left > 0),
      ],
      { validEnd: true },
    ),
    ...inFunction<Kvm>(
      set.fn,
      updateFlags(),
      ...inFunction<Kvm>(
        free.fn,
        step<Kvm>(
          'GS.3',
          {
            ...free,
            c: 'slot->flags & KVM_MEM_GUEST_MEMFD',
            shows: (kvm) => `slot->flags & KVM_MEM_GUEST_MEMFD = ${gmem(kvm).slot_flag}`,
          },
          [{ when: (kvm) => !gmem(kvm).slot_flag, does: begin_delete, to: 'GS.8' }, { does: begin_delete }],
        ),
        ...inFunction<Kvm>(
          unbind.fn,
          step<Kvm>(
            'GS.4',
            {
              ...unbind,
              c: '!slot->gmem.file',
              shows: (kvm) => `slot->gmem.file ${gmem(kvm).slot_file ? 'is set' : '= NULL'}`,
            },
            [{ when: (kvm) => !gmem(kvm).slot_file, to: 'GS.8' }, {}],
          ),
          step<Kvm>(
            'GS.5',
            {
              ...unbind,
              c: { 'v6.8': 'kvm_gmem_get_file(slot)', 'v7.2': 'CLASS(gmem_get_file, file)(slot)' },
              shows: (kvm) => `get_file_active(): ${gmem(kvm).file_count > 0 ? 'a reference' : 'NULL'}`,
            },
            [
              { when: (kvm) => gmem(kvm).file_count === 0, to: 'GS.5 dying' },
              {
                does: (kvm) => {
                  gmem(kvm).file_count++
                },
              },
            ],
          ),
          removeBinding('GS.6', 'private_data);\n\tfilemap_invalidate_unlock('),
          step<Kvm>(
            'GS.7',
            { ...unbind, c: { none: 'model' }, shows: 'fput(file)' },
            { does: put_file, to: 'GS.8' },
          ),
          removeBinding('GS.5 dying', 'slot->gmem.file->private_data'),
        ),
        step<Kvm>(
          'GS.8',
          { ...free, c: 'kfree(slot)', shows: 'kfree(slot)' },
          {
            does: (kvm) => {
              gmem(kvm).slot_freed = true
            },
          },
        ),
      ),
      step<Kvm>(
        'GS.9',
        { ...set, c: { none: 'model' }, shows: 'mutex_unlock(&kvm->slots_lock)' },
        {
          does: (kvm) => {
            gmem(kvm).slots_lock = 'free'
          },
          to: 'idle',
        },
      ),
    ),
  ])
}

function begin_delete(kvm: Kvm): void {
  kvm.gmem[0].deletes_left--
}

function lockSlots(name: string, asks: string, to: string, when: (kvm: Kvm) => boolean): Step<Kvm> {
  return step(
    name,
    {
      fn: 'kvm_vm_ioctl_set_memory_region',
      since,
      c: { none: 'model' },
      shows: `${asks}: mutex_lock(&kvm->slots_lock)`,
    },
    {
      when: (kvm) => when(kvm) && kvm.gmem[0].slots_lock === 'free',
      does: (kvm) => {
        kvm.gmem[0].slots_lock = 'gmemslot'
      },
      to,
    },
  )
}

/** GS.2: the flag that says that a slot has guest_memfd cannot change. @param refuses false in a design. */
export function updateFlags(refuses = true): Step<Kvm> {
  return step(
    'GS.2',
    {
      ...set,
      c: {
        'v6.8': { fn: '__kvm_set_memory_region', at: 'KVM_MEM_READONLY | KVM_MEM_GUEST_MEMFD' },
        'v7.2': 'KVM_MEM_READONLY | KVM_MEM_GUEST_MEMFD',
      },
      shows: refuses ? '-EINVAL: KVM_MEM_GUEST_MEMFD differs' : 'slot->flags = 0',
    },
    {
      does: (kvm) => {
        kvm.gmem[0].updates_left--
        if (!refuses) kvm.gmem[0].slot_flag = false
      },
      to: 'GS.9',
    },
  )
}

function removeBinding(name: string, c: string): Step<Kvm> {
  return step(
    name,
    {
      ...unbind,
      c: name === 'GS.6' ? 'file->private_data' : c,
      shows: 'the binding is removed, slot->gmem.file = NULL',
      ...(name === 'GS.6' ? {} : { outOfOrder: 'because the branch jumps to the end' as const }),
      fused: 'slots_lock is held, and all who look at either hold it.',
    },
    {
      does: (kvm) => {
        if (kvm.gmem[0].release === 'done')
          throw new Oops('no-use-after-free', 'kvm_gmem_unbind() uses a file that was freed')
        kvm.gmem[0].binding = false
        kvm.gmem[0].slot_file = false
      },
    },
  )
}
