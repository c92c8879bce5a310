// Each element of a sequence once, in the order in which they are first met.

extension Sequence where Element: Hashable {
  /// The elements without repetitions.
  package var unique: [Element] {
    var seen: Set<Element> = []
    var last: Element?
    return filter { element in
      // Of long sequences many elements are the one before.
      if element == last { return false }
      last = element
      return seen.insert(element).inserted
    }
  }
}
