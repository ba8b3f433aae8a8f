import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { SharedChunk } from '../../state/vector-store.ts'

/** What one worker sends to another. */
type Message =
  | { readonly chunk: number; readonly arrays: SharedChunk }
  /** The next, larger table of visited states. */
  | { readonly slots: Int32Array }

/**
 * The memory of the other workers. A worker sends each chunk to the others before it publishes a state in it, and they
 * receive it when they need it: messages wait in the port until then.
 */
export class ChunkExchange {
  /** Packed states by worker and chunk, including the own ones. A hole stands for a chunk that was not received yet. */
  readonly vectors: Int32Array[][]
  readonly #chunks: SharedChunk[][]
  readonly #ports: readonly (MessagePort | null)[]
  #slots: Int32Array | null = null

  /** @param ports to each worker; null at the own index. */
  constructor(ports: readonly (MessagePort | null)[]) {
    this.#ports = ports
    this.vectors = ports.map(() => [])
    this.#chunks = ports.map(() => [])
  }

  /** Sends a chunk of own states to all others. */
  share(chunk: number, arrays: SharedChunk): void {
    this.#send({ chunk, arrays })
    this.vectors[this.#ports.indexOf(null)][chunk] = arrays.vectors
  }

  /** A chunk of a worker's states. It was sent before the caller could know of a state in it. */
  chunk(worker: number, chunk: number): SharedChunk {
    if (this.#chunks[worker][chunk] === undefined) this.receive(worker)
    return this.#chunks[worker][chunk]
  }

  /** Receives all that a worker has sent so far. @throws Error if there is nothing. */
  receive(worker: number): void {
    let received = 0
    for (;;) {
      const port = this.#ports[worker]
      const next = port === null ? undefined : receiveMessageOnPort(port)
      if (next === undefined) break
      received++
      const message = next.message as Message
      if ('slots' in message) this.#slots = message.slots
      else {
        this.#chunks[worker][message.chunk] = message.arrays
        this.vectors[worker][message.chunk] = message.arrays.vectors
      }
    }
    if (received === 0) throw new Error(`worker ${worker} published states in memory it has not shared`)
  }

  /** Sends the next table to all others. */
  shareSlots(slots: Int32Array): void {
    this.#send({ slots })
  }

  /** The next table, sent by that worker. */
  slotsFrom(worker: number): Int32Array {
    if (this.#slots === null) this.receive(worker)
    const slots = this.#slots
    if (slots === null) throw new Error(`worker ${worker} shared no table`)
    this.#slots = null
    return slots
  }

  #send(message: Message): void {
    for (const port of this.#ports) port?.postMessage(message)
  }
}
