/* Breadth-first search in C, for comparison: our algorithm with the model compiled in. States are plain
 * structs, the visited set is a table of 64-bit fingerprints that doubles, successors are collected before they
 * are looked up so that cache misses overlap, parents and rules are kept for traces. Nothing here knows how
 * to print a trace, to check more than one invariant, to stop at a limit, or to compare a recorded behaviour.
 *
 * A model includes this file after `State`, and defines after it:
 *   void initial(State *s)             writes the initial state over zeros;
 *   int holds(const State *s)          the invariant;
 *   void expand(const State *s)        STEP(rule, guard, effect on n) for every step.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 512, MOST_STEPS = 64 };

typedef struct {
  State state;
  uint64_t hash;
  uint32_t parent;
  uint16_t rule;
} Successor;

static Successor batch[BATCH + MOST_STEPS];
static int batched;
static uint64_t transitions;

static uint64_t *table;
static uint64_t mask;

/* States from `head` on are not expanded yet; the others are forgotten, a chunk at a time. */
enum { CHUNK = 1 << 14, MOST_CHUNKS = 1 << 16 };
static State *chunks[MOST_CHUNKS];
static uint32_t count, head;

static uint32_t *parents;
static uint16_t *rules;
static uint32_t room;

static void *need(void *memory) {
  if (memory == NULL) {
    fprintf(stderr, "out of memory\n");
    exit(2);
  }
  return memory;
}

/* Both halves of the product, so that high bits reach low ones: a plain multiplication loses states here. */
static inline uint64_t mix(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_of(const State *s) {
  static const uint64_t keys[8] = {
    0x9e3779b97f4a7c15u, 0xff51afd7ed558ccdu, 0xc4ceb9fe1a85ec53u, 0xbf58476d1ce4e5b9u,
    0x94d049bb133111ebu, 0xd6e8feb86659fd93u, 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu,
  };
  uint64_t words[(sizeof(State) + 7) / 8] = {0};
  memcpy(words, s, sizeof(State));
  uint64_t h = 0;
  for (unsigned i = 0; i < sizeof words / sizeof *words; i++) h ^= mix(words[i] ^ keys[i % 8], keys[(i + 3) % 8] ^ i);
  h = mix(h, keys[1]);
  return h == 0 ? 1 : h;
}

static inline State *begin(const State *s) {
  batch[batched].state = *s;
  return &batch[batched].state;
}

static inline void end(uint16_t rule) {
  Successor *next = &batch[batched++];
  next->hash = hash_of(&next->state);
  next->rule = rule;
  next->parent = head;
  __builtin_prefetch(&table[next->hash & mask]);
}

#define STEP(rule, guard, effect) \
  if (guard) {                    \
    State *n = begin(s);          \
    effect;                       \
    end(rule);                    \
  }

static void initial(State *s);
static int holds(const State *s);
static void expand(const State *s);

static void grow(void) {
  uint64_t size = mask + 1, *old = table;
  mask = 2 * size - 1;
  table = need(calloc(2 * size, sizeof *table));
  for (uint64_t i = 0; i < size; i++) {
    if (old[i] == 0) continue;
    uint64_t at = old[i] & mask;
    while (table[at] != 0) at = (at + 1) & mask;
    table[at] = old[i];
  }
  free(old);
}

static void add(const Successor *next) {
  if (!holds(&next->state)) {
    printf("violated\n");
    exit(1);
  }
  if (count == room) {
    room *= 2;
    parents = need(realloc(parents, room * sizeof *parents));
    rules = need(realloc(rules, room * sizeof *rules));
  }
  State **chunk = &chunks[count / CHUNK];
  if (*chunk == NULL) *chunk = need(malloc(CHUNK * sizeof(State)));
  (*chunk)[count % CHUNK] = next->state;
  parents[count] = next->parent;
  rules[count] = next->rule;
  count++;
}

static void look_up(void) {
  while ((count + batched) * UINT64_C(4) > (mask + 1) * 3) grow();
  for (int k = 0; k < batched; k++) {
    uint64_t at = batch[k].hash & mask;
    while (table[at] != 0 && table[at] != batch[k].hash) at = (at + 1) & mask;
    if (table[at] != 0) continue;
    table[at] = batch[k].hash;
    add(&batch[k]);
  }
  transitions += batched;
  batched = 0;
}

int main(void) {
  mask = (1 << 12) - 1;
  table = need(calloc(mask + 1, sizeof *table));
  room = 1 << 12;
  parents = need(malloc(room * sizeof *parents));
  rules = need(malloc(room * sizeof *rules));
  memset(&batch[0], 0, sizeof batch[0]);
  initial(&batch[0].state);
  batch[0].hash = hash_of(&batch[0].state);
  batched = 1;
  look_up();
  transitions = 0;
  while (head < count) {
    expand(&chunks[head / CHUNK][head % CHUNK]);
    if (batched >= BATCH || head + 1 == count) look_up();
    if (++head % CHUNK == 0) {
      free(chunks[head / CHUNK - 1]);
      chunks[head / CHUNK - 1] = NULL;
    }
  }
  printf("holds: %u states, %llu transitions\n", count, (unsigned long long)transitions);
  return 0;
}
