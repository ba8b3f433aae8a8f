/**
 * Counterexamples: files, replay by xstate, and the forms in which they are shown. Exported by the package as
 * `mmucheck/counterexamples`; files of this repository import what they use directly.
 */

export { type Counterexample, counterexampleOf, readCounterexample } from './counterexample-file.ts'
export { FORMS, type RendererName } from './forms.ts'
export { valuesAfter } from './path.ts'
export { RENDERERS } from './render.ts'
export { type Replayed, replay } from './replay.ts'
export { violationText } from './violation-text.ts'
