import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { EXIT } from '../machines/hand-over.ts'
import { device } from '../machines/primitives/device.ts'
import { handleLoadPgd } from '../machines/roots/load-pgd.ts'
import { exit } from '../machines/vcpu/exits.ts'
import { HALT, halt, sleep } from '../machines/vcpu/halt.ts'
import { cancelInjection, injectEvents, takeInterrupt } from '../machines/vcpu/inject-events.ts'
import { flushAtEntry, flushCurrent } from '../machines/vcpu/local-flush.ts'
import type { Feature } from './feature.ts'

/** Requests besides those of every scenario, the hardware root, vCPUs that sleep, and entries that are given up. */
export const requests: Feature = {
  id: 'requests',
  title: 'sleeping vCPUs, interrupts, the hardware root and its request, deferred flushes',
  parts: (bounds) => {
    const { hardwareRoot, flushOnReuse, deferredFlush, halts, interrupts } = bounds.requests
    return {
      vcpu: [
        placed(25, ...when(hardwareRoot, ...handleLoadPgd())),
        placed(35, ...when(flushOnReuse, ...flushCurrent())),
        placed(45, ...when(interrupts > 0, ...injectEvents())),
        placed(104, ...when(deferredFlush, ...flushAtEntry())),
        placed(106, ...when(interrupts > 0, takeInterrupt())),
        placed(210, ...when(interrupts > 0, ...cancelInjection())),
        placed(385, ...when(halts > 0, exit(EXIT.hlt, HALT))),
        placed(520, ...when(halts > 0, sleep(bounds))),
      ],
      guest: [placed(145, ...when(halts > 0, halt()))],
      threads: [placed(130, ...when(interrupts > 0, one(device(bounds.vcpus))))],
    }
  },
  setUp: (kvm, { vcpus, requests: { halts, interrupts } }) => {
    if (interrupts > 0) kvm.device[0].left = interrupts
    for (let v = 0; v < vcpus; v++) kvm.vcpu[v].halts_left = halts
  },
  refuses: ({ requests, nested, roots, memslots, guest, dirtyLog, notifier, memoryOrder }) => {
    const { hardwareRoot, flushOnReuse, flushHistory, halts, interrupts } = requests
    if (hardwareRoot && (nested.mmus > 1 || roots.pae > 0))
      return 'requests.hardwareRoot is for one MMU with roots that have a shadow page'
    if (hardwareRoot && memslots.of.slice(0, guest.pgds).some((slot) => slot !== null))
      return 'requests.hardwareRoot: page directories cannot be in a memslot that changes (dummy roots)'
    if (hardwareRoot && (roots.prev === 0 || guest.cr3Loads === 0))
      return 'requests.hardwareRoot needs cached roots and CR3 loads: roots.prev and guest.cr3Loads'
    if (flushOnReuse && !hardwareRoot) return 'requests.flushOnReuse needs requests.hardwareRoot'
    if (flushHistory && (dirtyLog.passes > 0 || notifier.threads > 1))
      return 'requests.flushHistory is for one flush at a time: one notifier at most, and no dirtyLog'
    if (halts > 0 && interrupts === 0)
      return 'requests.halts needs requests.interrupts: nothing else wakes a vCPU'
    return interrupts > 0 && memoryOrder.storeBuffers
      ? 'requests.interrupts: the stores of the device are not buffered, so not with memoryOrder.storeBuffers'
      : null
  },
}
