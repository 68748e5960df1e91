// The Merkle tree against a plain, recursive implementation of RFC 6962.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256, toHex, u32 } from '../../src/rdp1/encoding.ts'
import {
  CHUNK_LEAVES,
  type ChunkedTree,
  inclusionPath,
  leafHash,
  MerkleFrontier,
  nodeHash,
  treeRoot,
  verifyInclusion,
} from '../../src/rdp1/merkle.ts'

const LEAVES = Array.from({ length: 3500 }, (_, i) => leafHash(u32(i)))
const leavesUpTo = (size: number) => LEAVES.slice(0, size)

function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

function plainRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(new Uint8Array(0))
  if (leaves.length === 1) return leaves[0] as Uint8Array
  const k = split(leaves.length)
  return sha256(Uint8Array.of(1), plainRoot(leaves.slice(0, k)), plainRoot(leaves.slice(k)))
}

function plainPath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (leaves.length <= 1) return []
  const k = split(leaves.length)
  return index < k
    ? [...plainPath(leaves.slice(0, k), index), plainRoot(leaves.slice(k))]
    : [...plainPath(leaves.slice(k), index - k), plainRoot(leaves.slice(0, k))]
}

/** A tree with only the data that its owner reads: the chunk roots, one chunk and the last chunk. */
function chunked(size: number, index: number): ChunkedTree {
  const complete = Math.floor(size / CHUNK_LEAVES)
  const chunk = (i: number) => leavesUpTo(size).slice(i * CHUNK_LEAVES, (i + 1) * CHUNK_LEAVES)
  return {
    size,
    chunkRoots: Array.from({ length: complete }, (_, i) => plainRoot(chunk(i))),
    leavesOf: (i) => {
      if (i !== Math.floor(index / CHUNK_LEAVES) && i !== complete)
        throw new Error(`chunk ${i} is not available`)
      return chunk(i)
    },
  }
}

const sizeAndIndex = fc
  .integer({ min: 1, max: LEAVES.length })
  .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 })))

describe('the Merkle frontier', () => {
  it('has the root of the plain tree at every size', () => {
    const frontier = new MerkleFrontier()
    for (let size = 0; size <= 300; size++) {
      expect(frontier.size).toBe(size)
      expect(toHex(frontier.root())).toBe(toHex(plainRoot(leavesUpTo(size))))
      frontier.append(LEAVES[size] as Uint8Array)
    }
  })

  it('has the same root after it was stored and loaded', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1750 }), fc.integer({ min: 0, max: 1750 }), (before, after) => {
        let frontier = new MerkleFrontier()
        for (const leaf of LEAVES.slice(0, before)) frontier.append(leaf)
        frontier = MerkleFrontier.deserialise(frontier.serialise())
        for (const leaf of LEAVES.slice(before, before + after)) frontier.append(leaf)
        expect(toHex(frontier.root())).toBe(toHex(plainRoot(leavesUpTo(before + after))))
      }),
      { numRuns: 15 },
    )
  })

  it('can be rebuilt from the roots of complete chunks and the leaves after them', () => {
    for (const size of [0, 1, 1023, 1024, 1025, 2048, 3072, 3500]) {
      const frontier = new MerkleFrontier()
      const complete = Math.floor(size / CHUNK_LEAVES)
      const roots = chunked(size, 0).chunkRoots
      for (const root of roots) frontier.appendSubtree(root, 10)
      for (const leaf of LEAVES.slice(complete * CHUNK_LEAVES, size)) frontier.append(leaf)
      expect(toHex(frontier.root())).toBe(toHex(plainRoot(leavesUpTo(size))))
    }
  })

  it('returns the root of each chunk with the leaf that completes it', () => {
    const frontier = new MerkleFrontier()
    const roots: Uint8Array[] = []
    LEAVES.forEach((leaf, i) => {
      const root = frontier.append(leaf)
      expect(root !== undefined).toBe((i + 1) % CHUNK_LEAVES === 0)
      if (root !== undefined) roots.push(root)
    })
    expect(roots.map(toHex)).toEqual(chunked(LEAVES.length, 0).chunkRoots.map(toHex))
  })

  it('does not keep the caller’s buffers', () => {
    const frontier = new MerkleFrontier()
    const buffer = new Uint8Array(LEAVES[0] as Uint8Array)
    frontier.append(buffer)
    buffer.fill(0)
    expect(toHex(frontier.root())).toBe(toHex(LEAVES[0] as Uint8Array))
    frontier.root().fill(0)
    expect(toHex(frontier.root())).toBe(toHex(LEAVES[0] as Uint8Array))
  })

  it('refuses a subtree at a wrong place, and bytes that are no frontier', () => {
    const frontier = new MerkleFrontier()
    frontier.append(LEAVES[0] as Uint8Array)
    expect(() => frontier.appendSubtree(LEAVES[1] as Uint8Array, 10)).toThrow(RangeError)
    expect(() => frontier.append(new Uint8Array(31))).toThrow(RangeError)
    expect(() => MerkleFrontier.deserialise(frontier.serialise().subarray(1))).toThrow(RangeError)
    expect(() => MerkleFrontier.deserialise(new Uint8Array(7))).toThrow(RangeError)
  })
})

describe('an inclusion proof', () => {
  it('is the path of RFC 6962, although it needs only a few chunks', () => {
    fc.assert(
      fc.property(sizeAndIndex, ([size, index]) => {
        const path = inclusionPath(chunked(size, index), index).map(toHex)
        expect(path).toEqual(plainPath(leavesUpTo(size), index).map(toHex))
      }),
      { numRuns: 25 },
    )
  })

  it('verifies for every leaf of every small tree', () => {
    for (let size = 1; size <= 40; size++) {
      const root = treeRoot(leavesUpTo(size))
      for (let index = 0; index < size; index++) {
        const path = inclusionPath(chunked(size, index), index)
        expect(verifyInclusion(LEAVES[index] as Uint8Array, index, size, path, root)).toBe(true)
      }
    }
  })

  it('fails with a flipped bit, a missing or added step, or another place', () => {
    fc.assert(
      fc.property(sizeAndIndex, fc.nat(), fc.nat(7), ([size, index], position, bit) => {
        const leaf = LEAVES[index] as Uint8Array
        const root = treeRoot(leavesUpTo(size))
        const path = inclusionPath(chunked(size, index), index)
        expect(verifyInclusion(leaf, index, size, path, root)).toBe(true)

        const parts = [leaf, root, ...path].map((part) => new Uint8Array(part))
        const flipped = parts[position % parts.length] as Uint8Array
        const at = position % 32
        flipped[at] = (flipped[at] as number) ^ (1 << bit)
        const [badLeaf, badRoot, ...badPath] = parts as [Uint8Array, Uint8Array, ...Uint8Array[]]
        expect(verifyInclusion(badLeaf, index, size, badPath, badRoot)).toBe(false)

        expect(verifyInclusion(leaf, index, size, [...path, root], root)).toBe(false)
        if (path.length > 0) expect(verifyInclusion(leaf, index, size, path.slice(1), root)).toBe(false)
        if (size > 1) expect(verifyInclusion(leaf, (index + 1) % size, size, path, root)).toBe(false)
        expect(verifyInclusion(leaf, index, index, path, root)).toBe(false)
        expect(verifyInclusion(leaf, -1, size, path, root)).toBe(false)
        expect(verifyInclusion(leaf, index + 0.5, size, path, root)).toBe(false)
      }),
      { numRuns: 40 },
    )
  })

  it('cannot take a node for a leaf', () => {
    const [a, b] = [LEAVES[0] as Uint8Array, LEAVES[1] as Uint8Array]
    const both = new Uint8Array(64)
    both.set(a)
    both.set(b, 32)
    expect(toHex(leafHash(both))).not.toBe(toHex(nodeHash(a, b)))
  })
})
