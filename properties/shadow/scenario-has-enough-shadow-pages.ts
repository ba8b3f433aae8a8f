import type { OopsFreedom } from '../../model/language/property.ts'

/**
 * Not about KVM: a bound of the scenario. What comes after is unknown, so with it the other properties are
 * inconclusive, as they are after any oops: never "holds", and no deadlock is reported that KVM does not have.
 */
export const scenarioHasEnoughShadowPages: OopsFreedom = {
  kind: 'fault',
  id: 'scenario-has-enough-shadow-pages',
  aliases: [],
  raisedIn: ['kvm_mmu_alloc_shadow_page'],
  title: 'Whenever KVM builds a shadow page, the scenario has a free one (shadow.pages).',
  reference: 'a bound of the model; mmu_topup_memory_caches() fills the caches before mmu_lock is taken',
  consequence: 'None for KVM: the behaviour is cut off here, and nothing is known about what follows.',
}
