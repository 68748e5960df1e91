// The Merkle tree of RFC 6962 §2.1: a frontier that grows leaf by leaf, and inclusion proofs from a few chunks.

import { compareBytes, equalBytes, HASH_BYTES, hash32, sha256, u64 } from './encoding.ts'

/** The leaves of a chunk. An owner that stores each chunk's root can prove any leaf from two chunks of leaves. */
export const CHUNK_LEAVES = 1024
const CHUNK_LEVEL = 10

/** Sizes are safe integers, so no subtree is higher than this. */
const MAX_LEVELS = 53

const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES)
nodeInput[0] = 0x01

/** Leaves and nodes have different prefixes, so that a node cannot pass as a leaf. */
export function leafHash(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + entry.length)
  input.set(entry, 1)
  return sha256(input)
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  // One shared buffer is safe: hashing is synchronous, so nothing else runs between the writes and the hash.
  nodeInput.set(hash32(left), 1)
  nodeInput.set(hash32(right), 1 + HASH_BYTES)
  return sha256(nodeInput)
}

function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0))
}

/** The roots of the complete subtrees along the tree's right edge, 32 bytes for each level: an append needs no more. */
export class MerkleFrontier {
  #size = 0
  readonly #roots = new Uint8Array(MAX_LEVELS * HASH_BYTES)

  get size(): number {
    return this.#size
  }

  /** Returns the root of the chunk that this leaf completes; undefined: it completes none. */
  append(leafHash: Uint8Array): Uint8Array | undefined {
    return this.appendSubtree(leafHash, 0)
  }

  /**
   * Appends the root of a complete subtree of 2^level leaves. An owner rebuilds the frontier with it, from chunk roots
   * (level 10) and the leaves after them. Throws a RangeError if no such subtree can start here.
   */
  appendSubtree(root: Uint8Array, level: number): Uint8Array | undefined {
    const leaves = 2 ** level
    if (this.#size % leaves !== 0) {
      throw new RangeError(`a subtree of ${leaves} leaves cannot start at ${this.#size}`)
    }
    let carry = hash32(root)
    let chunk: Uint8Array | undefined
    let at = level
    if (at === CHUNK_LEVEL) chunk = carry
    while (Math.floor(this.#size / 2 ** at) % 2 === 1) {
      carry = nodeHash(this.#root(at), carry)
      at++
      if (at === CHUNK_LEVEL) chunk = carry
    }
    this.#roots.set(carry, at * HASH_BYTES)
    this.#size += leaves
    return chunk
  }

  /** The tree's hash; the empty tree has H(""). */
  root(): Uint8Array {
    let root: Uint8Array | undefined
    for (const level of levelsOf(this.#size)) {
      root = root === undefined ? this.#root(level).slice() : nodeHash(this.#root(level), root)
    }
    return root ?? emptyRoot()
  }

  /** `u64(size) ‖ roots`, lowest level first. */
  serialise(): Uint8Array {
    const levels = levelsOf(this.#size)
    const bytes = new Uint8Array(8 + levels.length * HASH_BYTES)
    bytes.set(u64(this.#size))
    levels.forEach((level, i) => void bytes.set(this.#root(level), 8 + i * HASH_BYTES))
    return bytes
  }

  static deserialise(bytes: Uint8Array): MerkleFrontier {
    const frontier = new MerkleFrontier()
    if (bytes.length < 8) throw new RangeError('not a frontier')
    frontier.#size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))
    const levels = levelsOf(frontier.#size)
    if (
      bytes.length !== 8 + levels.length * HASH_BYTES ||
      compareBytes(u64(frontier.#size), bytes.subarray(0, 8))
    ) {
      throw new RangeError('not a frontier')
    }
    levels.forEach((level, i) => {
      const offset = 8 + i * HASH_BYTES
      frontier.#roots.set(bytes.subarray(offset, offset + HASH_BYTES), level * HASH_BYTES)
    })
    return frontier
  }

  #root(level: number): Uint8Array {
    return this.#roots.subarray(level * HASH_BYTES, (level + 1) * HASH_BYTES)
  }
}

/** The root over all leaves. */
export function treeRoot(leafHashes: readonly Uint8Array[]): Uint8Array {
  const frontier = new MerkleFrontier()
  for (const leaf of leafHashes) frontier.append(leaf)
  return frontier.root()
}

/**
 * The parts of a long log that prove a leaf. `leavesOf(chunk)` returns that chunk's leaf hashes. It is called only for
 * the chunk with the leaf and for the last, partial chunk.
 */
export interface ChunkedTree {
  size: number
  /** The root of every complete chunk, in order. */
  chunkRoots: readonly Uint8Array[]
  leavesOf(chunk: number): readonly Uint8Array[]
}

/** The audit path of RFC 6962 §2.1.1, from the leaf's sibling upwards. */
export function inclusionPath(tree: ChunkedTree, index: number): Uint8Array[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= tree.size) {
    throw new RangeError(`no leaf ${index} in a tree of ${tree.size}`)
  }
  const path: Uint8Array[] = []
  let start = 0
  let end = tree.size
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start)
    if (index < middle) {
      path.push(rangeRoot(tree, middle, end))
      end = middle
    } else {
      path.push(rangeRoot(tree, start, middle))
      start = middle
    }
  }
  return path.reverse()
}

/** Whether `path` leads from the leaf to `root`, by RFC 9162 §2.1.3.2: RFC 6962 lacks some of its checks. */
export function verifyInclusion(
  leafHash: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false
  if (leafHash.length !== HASH_BYTES || path.some((sibling) => sibling.length !== HASH_BYTES)) return false
  let fn = index
  let sn = size - 1
  let hash = leafHash
  for (const sibling of path) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash)
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2)
        sn = Math.floor(sn / 2)
      }
    } else {
      hash = nodeHash(hash, sibling)
    }
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 && equalBytes(hash, root)
}

/** MTH(D[start:end]) for a range of RFC 6962's recursion: such a range is whole chunks, or lies within one chunk. */
function rangeRoot(tree: ChunkedTree, start: number, end: number): Uint8Array {
  const length = end - start
  if (length > CHUNK_LEAVES) {
    const middle = start + largestPowerBelow(length)
    return nodeHash(rangeRoot(tree, start, middle), rangeRoot(tree, middle, end))
  }
  const chunk = Math.floor(start / CHUNK_LEAVES)
  if (length === CHUNK_LEAVES) {
    const root = tree.chunkRoots[chunk]
    if (root === undefined) throw new RangeError(`the root of chunk ${chunk} is missing`)
    return root
  }
  const first = chunk * CHUNK_LEAVES
  const leaves = tree.leavesOf(chunk).slice(start - first, end - first)
  if (leaves.length !== length) throw new RangeError(`leaves of chunk ${chunk} are missing`)
  return treeRoot(leaves)
}

/** The largest power of two strictly below n, for n > 1. */
function largestPowerBelow(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

/** The levels of the complete subtrees that a tree of this size consists of, lowest first. */
function levelsOf(size: number): number[] {
  const levels: number[] = []
  for (let level = 0, rest = size; rest > 0; level++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) levels.push(level)
  }
  return levels
}
