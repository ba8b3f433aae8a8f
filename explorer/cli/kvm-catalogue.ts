import { costs } from '../../model/costs.ts'
import { designs } from '../../model/designs/index.ts'
import { questions } from '../../model/designs/questions.ts'
import { dropsNoticedIn, survivingDrops } from '../../model/designs/surviving-drops.ts'
import { survivingGuards } from '../../model/designs/surviving-guards.ts'
import { survivingSplits } from '../../model/designs/surviving-splits.ts'
import { survivingSwaps } from '../../model/designs/surviving-swaps.ts'
import { changedScenarios } from '../../model/kernels/changed-steps.ts'
import { kernels } from '../../model/kernels/kernels.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { kvmDrawing } from '../../model/pictures/drawing.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { scenarioFileSchema, scenarioFrom } from '../../model/scenarios/scenario-file.ts'
import { triggers } from '../../model/scenarios/selftest-triggers.ts'
import { smallerScenarios } from '../../model/scenarios/smaller-scenarios.ts'
import { properties } from '../../properties/index.ts'
import { anyWorld, type Catalogue } from './catalogue.ts'
import { kvmSources } from './kvm-sources.ts'
import { readMachineIndex } from './machine-index.ts'
import type { TracedModel } from './trace/traced-model.ts'

/** The scenarios, designs and properties of KVM. */
export const catalogue: Catalogue = anyWorld<Kvm>({
  scenarios,
  designs,
  properties,
  kernels,
  scenarioFrom,
  smallerScenarios,
  triggers,
  scenarioSchema: scenarioFileSchema,
  questions,
  propertySources: 'properties',
  costs,
  gate: { baselines: 'explorer/gate', scenariosThatDiffer: ({ undone }) => changedScenarios(undone) },
  mutants: {
    drop: { surviving: survivingDrops, noticedIn: dropsNoticedIn },
    swap: { surviving: survivingSwaps, noticedIn: {} },
    guard: { surviving: survivingGuards, noticedIn: {} },
    section: { surviving: survivingSplits, noticedIn: {} },
  },
  featured: {
    question:
      'A root page is zapped: how do vCPUs learn which of their cached roots to drop? Linux v5.18 shipped 527d5cd7eece, whose loop over the previous roots tests the current root each time.',
    broken: { scenario: 'roots-zap-all', design: 'prev-roots-tested-by-current' },
    fixed: { scenario: 'roots-zap-all', design: 'upstream' },
  },
  drawing: kvmDrawing,
  example: 'docs/examples/init',
  documents: 'docs/kvm',
  modules: {
    'mmucheck/kvm': () => import('../../model/index.ts'),
    'mmucheck/properties': () => import('../../properties/index.ts'),
  },
  sources: kvmSources,
  machineIndex: () => readMachineIndex(new URL('./machine-index.json', import.meta.url)),
  // Most commands need no logs.
  traces: async () => (await import('./kvm-traces.ts')).kvmTraces as TracedModel<Kvm>,
})
