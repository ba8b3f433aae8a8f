import type { Kvm } from '../memory/kvm.ts'
import { rootScenarios } from './roots.ts'
import type { Scenario } from './scenario.ts'

/** All scenarios, in the order of listings. */
export const scenarios: readonly Scenario<Kvm>[] = [...rootScenarios]
