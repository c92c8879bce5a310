// Merger: byte-pair encoding itself: again and again the pair of tokens that merges first, until
// none does.

/// The tokens of one piece, a linked list, with a heap of the pairs that can merge: O(n log n).
///
/// One is used for piece after piece, so that none takes memory.
package struct Merger {
  private var symbols: [Int32] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  /// Of the pair that begins here; `none`: it does not merge.
  ///
  /// An entry of the heap with another rank is out of date.
  private var ranks: [UInt32] = []
  /// Rank above, place below: the smallest is the leftmost of the first rank.
  private var heap: [UInt64] = []

  private static let none = UInt32.max

  package init() {}

  /// Merges what was appended to `tokens` since it had `start`.
  package mutating func merge(_ tokens: inout [Int32], from start: Int, by table: MergeTable) {
    let count = tokens.count - start
    if count < 2 { return }
    if count <= 24 {
      mergeFew(&tokens, from: start, by: table)
    } else {
      mergeMany(&tokens, from: start, by: table)
    }
  }

  /// For few tokens, a look at all of them is faster than a heap.
  private func mergeFew(_ tokens: inout [Int32], from start: Int, by table: MergeTable) {
    let left = withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 24) { pairs in
      tokens.withUnsafeMutableBufferPointer { tokens in
        // Rank above, result below.
        func pair(_ index: Int) -> UInt64 {
          guard let merge = table.merge(tokens[start + index], tokens[start + index + 1]) else {
            return UInt64.max
          }
          return UInt64(merge.rank) << 32 | UInt64(UInt32(bitPattern: merge.result))
        }
        var count = tokens.count - start
        for index in 0..<count - 1 { pairs[index] = pair(index) }
        while count > 1 {
          var best = 0
          for index in 1..<max(1, count - 1) where pairs[index] >> 32 < pairs[best] >> 32 {
            best = index
          }
          if pairs[best] == UInt64.max { break }
          tokens[start + best] = Int32(truncatingIfNeeded: pairs[best] & 0xFFFF_FFFF)
          count -= 1
          for index in best + 1..<max(best + 1, count) {
            tokens[start + index] = tokens[start + index + 1]
            if index < count - 1 { pairs[index] = pairs[index + 1] }
          }
          if best < count - 1 { pairs[best] = pair(best) }
          if best > 0 { pairs[best - 1] = pair(best - 1) }
        }
        return count
      }
    }
    tokens.removeLast(tokens.count - start - left)
  }

  private mutating func mergeMany(
    _ tokens: inout [Int32], from start: Int, by table: MergeTable
  ) {
    let count = tokens.count - start
    symbols.removeAll(keepingCapacity: true)
    symbols.append(contentsOf: tokens[start...])
    next = (1...Int32(count)).map { $0 }
    next[count - 1] = -1
    previous = (-1..<Int32(count) - 1).map { $0 }
    ranks = [UInt32](repeating: Self.none, count: count)
    heap.removeAll(keepingCapacity: true)
    for index in 0..<count - 1 {
      guard let merge = table.merge(symbols[index], symbols[index + 1]) else { continue }
      ranks[index] = merge.rank
      heap.append(UInt64(merge.rank) << 32 | UInt64(index))
    }
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(index) }
    while let first = pop() {
      let (rank, left) = (UInt32(first >> 32), Int(first & 0xFFFF_FFFF))
      guard ranks[left] == rank else { continue }
      let right = Int(next[left])
      guard let merge = table.merge(symbols[left], symbols[right]) else { continue }
      symbols[left] = merge.result
      ranks[right] = Self.none
      next[left] = next[right]
      if next[left] >= 0 { previous[Int(next[left])] = Int32(left) }
      update(left, by: table)
      if previous[left] >= 0 { update(Int(previous[left]), by: table) }
    }
    tokens.removeLast(count)
    var index: Int32 = 0
    while index >= 0 {
      tokens.append(symbols[Int(index)])
      index = next[Int(index)]
    }
  }

  private mutating func update(_ left: Int, by table: MergeTable) {
    let right = next[left]
    guard right >= 0, let merge = table.merge(symbols[left], symbols[Int(right)]) else {
      ranks[left] = Self.none
      return
    }
    ranks[left] = merge.rank
    push(UInt64(merge.rank) << 32 | UInt64(left))
  }

  private mutating func push(_ entry: UInt64) {
    heap.append(entry)
    heap.withUnsafeMutableBufferPointer { heap in
      var index = heap.count - 1
      while index > 0, heap[(index - 1) / 2] > entry {
        heap[index] = heap[(index - 1) / 2]
        index = (index - 1) / 2
      }
      heap[index] = entry
    }
  }

  private mutating func pop() -> UInt64? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    if !heap.isEmpty {
      heap[0] = last
      sink(0)
    }
    return first
  }

  private mutating func sink(_ start: Int) {
    heap.withUnsafeMutableBufferPointer { heap in
      let entry = heap[start]
      var index = start
      while true {
        var child = 2 * index + 1
        if child >= heap.count { break }
        if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
        if heap[child] >= entry { break }
        heap[index] = heap[child]
        index = child
      }
      heap[index] = entry
    }
  }
}
