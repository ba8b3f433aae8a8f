/** Follows logs of real systems: is a log a behaviour of the model? Knows nothing of KVM. */

export type { Compared } from './conditions.ts'
export { type FollowOptions, follow } from './follow.ts'
export { type Followed, Following } from './following.ts'
export type {
  FieldValue,
  NearestCandidate,
  RaceDiagram,
  Refusal,
  Rejection,
  ThreadPlaces,
  UnmetItem,
} from './rejection.ts'
export type { FollowResult, HarnessCount, OpenReason, StepCount, TraceVerdict } from './result.ts'
export {
  classesOf,
  drawTamperings,
  type Tamperable,
  type TamperClass,
  type Tampered,
  type Tampering,
  tampered,
} from './tamper.ts'
