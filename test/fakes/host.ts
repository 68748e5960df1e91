/** A server on the network, faked: its state is kept in memory, and it misbehaves when it is told to. */
export interface FakeHost {
  /** The host names that it answers for. */
  hosts: readonly string[]
  /** Throws where the real network would lose the answer. */
  answer(request: Request): Promise<Response>
}
