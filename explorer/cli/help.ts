/** The parts of the help text that options cannot say. All lines fit 80 columns. */

export const PURPOSE = `\
mmucheck explores every interleaving of vCPUs, zaps, memslot updates and mmu
notifiers in a model of the KVM x86 MMU, and shows failures as race diagrams.

A scenario says which threads run, and how large everything is. A design is a
change to KVM, upstream is KVM as merged. A property is what must be true.`

export const EXAMPLES = `
Examples:
  mmucheck                                     the default set, in a minute
  mmucheck list designs                        the changes that are modelled
  mmucheck explain R1                          what a name means
  mmucheck check roots-zap-all --design R1     one design in one scenario
  mmucheck show out/ce-*.json                  what that found, as diagrams`

export const CHECK_EXAMPLES = `
Examples:
  mmucheck check                               upstream, without deep scenarios
  mmucheck check roots-zap-all --design R1     one design in one scenario
  mmucheck check --design my-change.ts         your own design, from a file
  mmucheck check --scenario my-case.json       your own scenario, from a file
  mmucheck check --property I-13 --design R3   one property only
  mmucheck check --time-limit 60 --evidence .  at most 60 s, with the evidence`

export const SEARCHES = `
WORKERS
  Several searches (scenarios, designs) run in parallel, one thread each: as
  many as there are cores, or as --workers says. With --workers N, a single
  search is shared by N threads if that changes none of its numbers: only
  without symmetry reduction and checkpoints, and only for properties that are
  judged on single states or steps. Otherwise one thread searches, and the
  result says why.

REDUCTION
  --reduce all (the default) uses symmetry: vCPUs are interchangeable, and
  traces stay shortest. Of two threads only it takes longer than it saves, and
  comes second. If a search exceeds --max-states or --memory-limit, it is
  repeated with the next reduction, at last partial order, which stores far
  fewer states but takes much longer; it gets 50 times the time of the search
  before. --reduce por has no such limit.

SELF-CHECK
  --self-check repeats each reduced search without reduction, within the same
  limits, and compares verdicts, vacuity, counts and, where they must not
  change, depth and trace lengths. A difference is an internal error (70) that
  says what differs. If the full search does not finish, the check is
  inconclusive.

CHECKPOINTS
  A checkpoint is written at each interval, at the end, and when interrupted.
  The same command with --resume gives the same verdicts, numbers and
  counterexamples as an uninterrupted search, with every reduction, storage and
  property; limits may be raised. A search with checkpoints has one worker. A
  checkpoint of another model, of other properties, or with another --reduce,
  --storage or --seed is refused. Only one process at a time can use the folder
  of a search. Checkpoints are trusted input: damage is detected, but a forged
  one decides the verdict. The report therefore says from which checkpoint a
  search was resumed.
`

export const DRIFT = `
Prints functions that changed since they were read, or are gone; statements
that steps stand for and that are not found; and steps that stand in another
order than their statements. Exit status 0 if there is nothing of that, 3 if
there is, 2 if there is no such tree.`

export const MUTATIONS = `
One change at a time: a statement is dropped, two that follow one another are
swapped, a test is decided beforehand (guard), or a lock is dropped and taken
again in the middle of its section. The scenarios that reach the place are
searched, smallest first, until a property is violated. A change that nothing
notices needs a reviewed reason; without one the exit status is 3, and also if
it is noticed though there is a reason. What the budget leaves out is "not
decided" (4), with a reason or without. The score is how many were noticed, of
those that change a behaviour. With --out, a Markdown file for each function
shows the race that goes wrong without the statement, and properties.md which
properties notice something that no other notices.`

export const MUSEUM = `
Of each design of the status "bug", one scenario is searched, for the first
property that it is expected to violate. Exit status 0 if all were found, 3 if
one was not.

Examples:
  mmucheck list designs --status bug               what there is
  mmucheck museum --quiet                          how much of it is found`

export const BISECT = `
Takes what check takes. Exit status 0 for good (holds), 1 for bad (violated),
125 for skip (inconclusive or vacuous), and 128 to abort, for wrong usage, a
wrong model and internal errors.

Example:
  git bisect run npx mmucheck bisect-run roots-zap-one`

export const GATE = `
Every property of every cell, a design in a scenario, is compared with the
baseline and with what the design expects. Fails for violations that were
introduced (1), for known bugs that are not caught any more, coverage that was
lost and other verdicts than expected (3), and for what is inconclusive or
vacuous (4). Other counts of states or another counterexample are printed and
do not fail, unless --same-graph demands it; neither do new cells.

Examples:
  mmucheck gate                                    before a change is merged
  mmucheck gate --only roots-zap-all               some cells
  mmucheck gate --update                           record what was meant
  mmucheck gate --tier deep --budget 3600          at night
  mmucheck gate --shard 2/8 --json out/2.json      on one machine of eight
  mmucheck merge out/*.json                        what the whole gate reports`

export const DIFF = `
Behaviours are compared by the names of their steps, thread by thread; steps
that only one side has are passed over. A way ends where everything is done:
the system can only repeat itself. The dearest way has no bound where a step
that costs can be repeated before that.

Examples:
  mmucheck diff upstream R1                        what a design changes
  mmucheck diff upstream my-change.ts roots-zap-one
  mmucheck diff 6.12 7.2 prefault-loop             two kernels
  mmucheck diff before.json after.json             two results
  mmucheck diff --kernel 6.1 7.2                   the steps that differ`

export const MERGE = `
The files must be all shards of one run, of this build. Reports what the whole
gate reports, and writes the counterexamples that it writes, for any number of
shards.`

export const SUBMIT = `
Puts the cells of a gate on a queue in Redis, waits until workers have searched
them, and reports what "gate" reports. With --shards one exhaustive search is
divided among workers; with --swarm they make random searches, until one finds a
violation. Both report what "check" reports. Needs two more packages:
  npm install --no-save bullmq@6 ioredis@6

Who can write to the queue decides the verdicts: use a password and, between
machines, TLS (rediss://). The password is never printed; in MMUCHECK_REDIS it
does not stand on a command line either.

Examples:
  mmucheck worker --redis redis://queue.local      on each machine
  mmucheck submit --redis redis://queue.local      the gate, on all of them
  mmucheck submit --only roots-zap-all --recheck 3
  mmucheck submit roots-zap-all --design R1 --swarm 64
  mmucheck submit roots-zap-all --shards 4 --safety
  mmucheck status --redis redis://queue.local`

export const WORKER = `
Any number of workers on any number of machines can come and go; what one that
was lost was searching is given to another. All must be of the same build as
the submitter: work of another build is refused, and the reason printed. A
worker runs its model only, and nothing that was sent to it.`

export const SHRINKING = `
Leaves out of the scenario what the violation does not need (vCPUs, threads,
pages, roots, edits), searches what is left for a shortest violation, and
removes steps and context switches from that. Every smaller trace is replayed
by xstate. Prints which values the failure consists of, the step up to which it
could be avoided, and what each step is needed for; "show --as why" does that,
too. The result never has more steps.`

export const TRACES = `
Level 1 replays a log on the state of the model, and holds the properties
against every state. Level 2 follows it with parts of the model: is what the
kernel did a behaviour of it? "Followed" says that nothing in this log
contradicts the model; what has no event is "not observed". A log that is cut,
has lost events, or whose clock does not order all events, is refused (2).

Examples:
  mmucheck trace --recipe 6.12                 what to record a log with
  mmucheck trace log.txt.gz                    both levels
  mmucheck trace logs/ --level 1               all logs of a folder
  mmucheck trace log.txt.gz --design R1        a behaviour of this design?`

export const EXIT_STATUS = `
EXIT STATUS
  0    everything requested holds, and every search was complete
  1    a property is violated, requested or not; a counterexample was printed,
       and written where that was possible
  2    usage or configuration error, and nothing was checked; or the model of a
       check is wrong
  3    a design that is known to fail was not caught, or coverage was lost
  4    inconclusive: a limit was reached first (0 with --allow-incomplete);
       or vacuous: a property had nothing to judge, or a witness was not reached
       (0 with --allow-vacuous)
  70   internal error: a replay or a full search that differs from the search;
       or all holds, but standard output could not be written
  130  interrupted (143: terminated, 129: hung up); the partial report was
       printed, and with --checkpoint a checkpoint was written`

export const ENVIRONMENT = `
ENVIRONMENT
  NO_COLOR     no colours
  FORCE_COLOR  colours even if the output is not a terminal
  TERM         "dumb": no colours, no progress line that is overwritten
  COLUMNS      width of the text, if less than 80`

export const DESIGN_FILE = `
DESIGN FILES
  A TypeScript or JavaScript file exports a design, and runs: "mmucheck init"
  writes an example. A JSON file is data; nothing in it is run:
    { "id": "my-change", "title": "what it changes",
      "scenarios": ["roots-zap-one"],
      "patches": [ { "op": "drop", "name": "REQ.5", "in": "zapper" },
                   { "op": "move", "name": "ZAP.9", "before": "ZAP.8" } ] }
  "mmucheck explain vcpu" lists the steps of a thread. Without "scenarios",
  every scenario is checked that the patches fit, except deep ones. "in" limits
  a patch to one kind of thread. If other steps jump to a step that is moved,
  "jumps" says where they go: "follow" (to the step) or "stay" (to its old
  place). "insert" repeats a step at another place, "replace" gives one the code
  that it has in another design, "expect" says what the gate must find. A file
  has at most 1 MiB and 256 patches. A pipe works as well: --design
  <(generate-design).`

export const SCENARIO_FILE = `

SCENARIO FILES
  A scenario file is data, too: bounds, a start and the properties to check.
    { "id": "my-case", "title": "a vCPU runs while everything is zapped",
      "bounds": { "shadow": { "pages": 2 }, "zap": { "all": 1 } },
      "start": { "tables": [[1]], "pages": [{ "gfn": 0, "level": 1 }] },
      "properties": ["no-stale-root-used"] }
  A bound that is left out is off; "mmucheck list bounds" says which there are.
  docs/scenario.schema.json has all members. A file has at most 1 MiB. A
  counterexample contains the scenario and design files, so that one that is
  mailed can be shown and replayed without them; of a design that is code it
  has the name and the hash.`
