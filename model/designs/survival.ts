/** Why no property notices a small change of the model. */
export type SurvivalReason =
  /** Another statement has the same effect before it matters. */
  | 'redundant'
  /** It only saves work: without it KVM does more than it must, and nothing that it must not. */
  | 'precision'
  /** The change leaves behaviours as they are: the two statements have nothing in common, or one of them does nothing here. */
  | 'independent'
  /** It matters only in cases that no scenario contains. */
  | 'bounds'
  /** It matters, and no property says so. */
  | 'unjudged'
  /** Bookkeeping of the model, which stands for nothing in C. */
  | 'model'

/** A change that no property notices, and the reviewed reason. */
export interface SurvivingMutant {
  /** As `mmucheck mutate` prints it: `REQ.5 in kvm_kick_many_cpus()`. */
  readonly id: string
  readonly reason: SurvivalReason
  readonly because: string
}

/** Survivors with one reason. */
export function survives(
  reason: SurvivalReason,
): (because: string, ...ids: string[]) => readonly SurvivingMutant[] {
  return (because, ...ids) => ids.map((id) => ({ id, reason, because }))
}
