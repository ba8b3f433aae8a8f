import type { Drawing } from '../language/picture.ts'
import type { Kvm } from '../memory/kvm.ts'
import { BANDS, boxesOf } from './boxes.ts'
import { locksOf } from './locks.ts'
import { signalsOf } from './signals.ts'

/** How KVM is drawn. */
export const kvmDrawing: Drawing<Kvm> = {
  bands: BANDS,
  boxes: boxesOf,
  locks: locksOf,
  signals: signalsOf,
}
