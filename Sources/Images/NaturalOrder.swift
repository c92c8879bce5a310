// NaturalOrder: names by their bytes, but numbers in them by what they count.

/// The order in which class 2 stands before class 10.
enum NaturalOrder {
  /// Whether a name stands before another.
  ///
  /// Of names that differ in leading zeros alone, their bytes decide.
  static func precedes(_ left: String, _ right: String) -> Bool {
    let (one, other) = (Array(left.utf8), Array(right.utf8))
    var (place, otherPlace) = (0, 0)
    while place < one.count, otherPlace < other.count {
      let number = digits(one[place...])
      let otherNumber = digits(other[otherPlace...])
      if number.isEmpty || otherNumber.isEmpty {
        if one[place] != other[otherPlace] { return one[place] < other[otherPlace] }
        (place, otherPlace) = (place + 1, otherPlace + 1)
        continue
      }
      // Numbers may be longer than any integer.
      let (value, otherValue) = (significant(number), significant(otherNumber))
      if value.count != otherValue.count { return value.count < otherValue.count }
      if !value.elementsEqual(otherValue) { return value.lexicographicallyPrecedes(otherValue) }
      (place, otherPlace) = (number.endIndex, otherNumber.endIndex)
    }
    let (rest, otherRest) = (one.count - place, other.count - otherPlace)
    return rest == otherRest ? one.lexicographicallyPrecedes(other) : rest < otherRest
  }

  private static func digits(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    bytes.prefix { (0x30...0x39).contains($0) }
  }

  private static func significant(_ digits: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    digits.drop { $0 == 0x30 }
  }
}
