import type { Bounds } from '../bounds.ts'
import type { Kvm } from '../kvm.ts'

/** The frames of an event, in the order in which their rmaps are walked. */
export function frames_of(kvm: Kvm, n: number, { notifier }: Bounds): readonly number[] {
  return kvm.notifier[n].in_range ? notifier.range : [kvm.notifier[n].gfn as number]
}

/** The slot of a frame; frames without one are all in the same, which never changes. */
const slot_of = ({ memslots }: Bounds, gfn: number): number | null => memslots.of[gfn] ?? null

/** The frames of the event that are in the slot of the frame which the walk is at. */
export function frames_in_slot(kvm: Kvm, n: number, bounds: Bounds): readonly number[] {
  const slot = slot_of(bounds, kvm.notifier[n].gfn as number)
  return frames_of(kvm, n, bounds).filter((gfn) => slot_of(bounds, gfn) === slot)
}

/** The frame after the one that the event is at; null after the last. */
export function next_frame(kvm: Kvm, n: number, bounds: Bounds): number | null {
  const frames = frames_of(kvm, n, bounds)
  return frames[frames.indexOf(kvm.notifier[n].gfn as number) + 1] ?? null
}
