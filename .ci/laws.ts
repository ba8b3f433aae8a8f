import fc from 'fast-check'

// In the gate the laws draw from the commit: a commit passes or fails however often it is judged, and the next one draws
// anew. Elsewhere every run draws anew.
const { MMUCHECK_SEED: seed } = process.env
if (seed !== undefined && /^\d{1,9}$/.test(seed)) fc.configureGlobal({ seed: Number(seed) })
