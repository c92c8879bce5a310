// Each element of a sequence once, in the order in which they are first met.

extension Sequence where Element: Hashable {
  /// The elements without repetitions.
  package var unique: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
