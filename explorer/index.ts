/**
 * The engine, for any system written in the modelling language: exported by the package as `mmucheck`.
 * The command line, which adds KVM, is in `explorer/cli/`.
 */

export {
  breadthFirst,
  type Limits,
  type OpenReason,
  type Progress,
  type PropertyResult,
  type RandomOptions,
  type SearchOptions,
  type SearchResult,
  type StopReason,
  searchRandom,
  type Verdict,
} from './search/index.ts'
