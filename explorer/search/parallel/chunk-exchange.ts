import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { SharedChunk } from '../../state/vector-store.ts'

/** What one worker tells another. */
type News =
  | { readonly chunk: number; readonly arrays: SharedChunk }
  /** The next, larger table of visited states. */
  | { readonly slots: Int32Array }

/**
 * Where the states of the other workers lie. A worker tells the others of each piece of memory before it
 * publishes anything that is in it, and they hear of it when they need it: news wait in the port until then.
 */
export class ChunkExchange {
  /** Packed states by worker and chunk, the own ones included. A gap means: not heard of yet. */
  readonly vectors: Int32Array[][]
  readonly #chunks: SharedChunk[][]
  readonly #ports: readonly (MessagePort | null)[]
  #slots: Int32Array | null = null

  /** @param ports to each worker; null at the own place. */
  constructor(ports: readonly (MessagePort | null)[]) {
    this.#ports = ports
    this.vectors = ports.map(() => [])
    this.#chunks = ports.map(() => [])
  }

  /** Tells all others of a chunk of own states. */
  share(chunk: number, arrays: SharedChunk): void {
    this.#tell({ chunk, arrays })
    this.vectors[this.#ports.indexOf(null)][chunk] = arrays.vectors
  }

  /** A chunk of a worker's states. It was shared before the caller could know of its states. */
  chunk(worker: number, chunk: number): SharedChunk {
    if (this.#chunks[worker][chunk] === undefined) this.hear(worker)
    return this.#chunks[worker][chunk]
  }

  /** Takes in all that a worker has told so far. @throws Error when there is nothing. */
  hear(worker: number): void {
    let heard = 0
    for (;;) {
      const port = this.#ports[worker]
      const next = port === null ? undefined : receiveMessageOnPort(port)
      if (next === undefined) break
      heard++
      const news = next.message as News
      if ('slots' in news) this.#slots = news.slots
      else {
        this.#chunks[worker][news.chunk] = news.arrays
        this.vectors[worker][news.chunk] = news.arrays.vectors
      }
    }
    if (heard === 0) throw new Error(`worker ${worker} published states in memory it has not shared`)
  }

  /** Tells all others of the next table. */
  shareSlots(slots: Int32Array): void {
    this.#tell({ slots })
  }

  /** The next table, which that worker has told of. */
  slotsFrom(worker: number): Int32Array {
    if (this.#slots === null) this.hear(worker)
    const slots = this.#slots
    if (slots === null) throw new Error(`worker ${worker} shared no table`)
    this.#slots = null
    return slots
  }

  #tell(news: News): void {
    for (const port of this.#ports) port?.postMessage(news)
  }
}
