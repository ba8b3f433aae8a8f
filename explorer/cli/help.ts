/** The parts of the help text that options cannot say. All lines fit 80 columns. */

export const PURPOSE = `\
mmucheck explores every interleaving of vCPUs, zaps, memslot updates and mmu
notifiers in a model of the KVM x86 MMU, and shows failures as race diagrams.`

export const EXAMPLES = `
Examples:
  mmucheck                                     the default set, in a minute
  mmucheck list designs                        what has been modelled
  mmucheck check roots-zap-all --design R1     one design in one scenario
  mmucheck show out/ce-*.json                  a failure as a race diagram
  mmucheck explain R1                          what a name means`

export const CHECK_EXAMPLES = `
Examples:
  mmucheck check                               upstream, all that is not deep
  mmucheck check roots-zap-all --design R1     one cell of the matrix
  mmucheck check --design my-change.json       your own design, as data
  mmucheck check --scenario my-case.json       your own scenario, as data
  mmucheck check --property I-13 --design R3   one property
  mmucheck check --time-limit 60 --json r.json a budget, and a result file`

export const SEARCHES = `
WORKERS
  Several searches (scenarios, designs) are made side by side, as many at a
  time as there are cores or --workers says; each has one thread. A single
  search with --workers N is shared by N threads if that changes no number:
  without reduction by symmetry, without checkpoints, and for properties that
  are judged state by state or step by step. The result says when it was not.

REDUCTION
  --reduce all leaves out renamings of vCPUs, which keeps traces shortest. Where
  the search does not fit its bounds on states or memory, it is made again with
  partial order too: far fewer states are kept, at many times the time, so it is
  tried for 50 times as long as the first took. --reduce por has no such bound.

SELF-CHECK
  --self-check makes each reduced search again without reduction, within the
  same limits, and compares verdicts, vacuity, counts and, where they must not
  change, depth and trace lengths. A difference is an internal error (70) that
  names both. A full search that does not finish leaves the check inconclusive.

CHECKPOINTS
  An interrupt, the end, and each interval leave a checkpoint. The same command
  with --resume ends as if nothing had happened: same verdicts, numbers and
  counterexamples. So it is with every reduction, storage and kind of property;
  only several workers cannot leave checkpoints, so one searches. A larger limit
  may be given. A checkpoint of another model, of other properties, or of a
  search with another --reduce, --storage or --seed is refused. One process at a
  time uses the folder of a search. A checkpoint is trusted input: damage and
  contradictions are found, but who made one on purpose decides the verdict, so
  the report says which one it was resumed from.
`

export const EXIT_STATUS = `
EXIT STATUS
  0    everything asked for holds, and every search was complete
  1    a property is violated, asked for or not; a counterexample was printed,
       and written where that was possible
  2    usage or configuration error, and nothing was checked; or the model of a
       check is wrong
  3    a design that is known to fail was not caught
  4    inconclusive: a limit was reached first (0 with --allow-incomplete);
       or vacuous: a property had nothing to judge, or a witness was not reached
       (0 with --allow-vacuous)
  70   internal error: a replay or a full search that differs from the search;
       or all holds, but standard output could not be written
  130  interrupted (143: terminated, 129: hung up); the partial report was
       printed, and a checkpoint written where --checkpoint says`

export const ENVIRONMENT = `
ENVIRONMENT
  NO_COLOR     when set, no colours
  FORCE_COLOR  when set, colours even when the output is not a terminal
  TERM         "dumb" means no colours and no line that is replaced
  COLUMNS      width of text when it is less than 80`

export const DESIGN_FILE = `
A design file is data; nothing in it is run:
  { "id": "my-change", "title": "what it changes",
    "scenarios": ["roots-zap-one"],
    "patches": [ { "op": "drop", "name": "REQ.5", "in": "zapper" },
                 { "op": "move", "name": "ZAP.9", "before": "ZAP.8" } ] }
"scenarios" may be left out: then it is every one that the patches fit, the deep
ones apart.
"in" limits a patch to the machines of one kind. A move of a step that others
jump to says where they land: "jumps": "follow" (on the step) or "stay".
A file has at most 1 MiB and 256 patches. A pipe is read once, to its end:
--design <(generate-design).`

export const SCENARIO_FILE = `

A scenario file is data, too: bounds, a start and the properties to check.
  { "id": "my-case", "title": "a vCPU runs while everything is zapped",
    "bounds": { "shadow": { "pages": 2 }, "zap": { "all": 1 } },
    "start": { "tables": [[1]], "pages": [{ "gfn": 0, "level": 1 }] },
    "properties": ["no-stale-root-used"] }
What "bounds" leaves out is off. docs/scenario.schema.json has all members. A
file has at most 1 MiB. Counterexamples carry the scenario and the design file
whole, so that "show" and "replay" of a mailed one need neither.`
