import fc from 'fast-check'

// A mutant that survives costs the time of all its tests, and one that is noticed need not be explained.
fc.configureGlobal({ seed: 1, endOnFailure: true, interruptAfterTimeLimit: 300 })
