// ClassMatching: which class of a model each class of a data set is, by its name.

internal import Config

/// The classes of a data set among those of a model.
struct ClassMatching {
  private let own, classes: [String]
  /// The number that each class has in the model; nil where the model has no class of that name, or
  /// several.
  private let places: [Int?]

  /// Matches names that are the same, and then those that differ only in how they are written.
  ///
  /// Case does not count then, nor which of '/', '-', '_' and a space it is: a folder cannot be
  /// called 'T-shirt/top'. Each class is matched once.
  ///
  /// - Parameters:
  ///   - own: the names of the data set's classes.
  ///   - classes: those of the model's; empty where they are not known.
  init(_ own: [String], among classes: [String]) {
    (self.own, self.classes) = (own, classes)
    var places = [Int?](repeating: nil, count: own.count)
    let forms: [(String) -> String] = [{ $0 }, Self.folded]
    for form in forms {
      let taken = Set(places.compactMap(\.self))
      let free = Dictionary(grouping: classes.indices.filter { !taken.contains($0) }) {
        form(classes[$0])
      }
      let open = Dictionary(grouping: own.indices.filter { places[$0] == nil }) { form(own[$0]) }
      for (name, wanting) in open where wanting.count == 1 {
        if let found = free[name], found.count == 1 { places[wanting[0]] = found[0] }
      }
    }
    self.places = places
  }

  private static func folded(_ name: String) -> String {
    String(name.lowercased().map { "/-_".contains($0) ? " " : $0 })
  }

  /// The number of each class in the model; nil where not all have one.
  var numbers: [Int32]? {
    let found = places.compactMap { $0.map(Int32.init) }
    return found.count == own.count ? found : nil
  }

  /// Why the classes cannot be counted by number either; nil where the names do not speak against
  /// that.
  ///
  /// Names that both have at other numbers do, and so do some that both have where one of the two
  /// has more classes.
  func objection(dataset: String, model: String) -> String? {
    let found = places.count { $0 != nil }
    let isMoved = places.enumerated().contains { $1 != nil && $1 != $0 }
    let sameCount = own.count == classes.count
    guard found > 0, !sameCount || isMoved,
      let missing = own.indices.first(where: {
        places[$0] == nil && !classes.contains(own[$0])
      })
    else { return nil }
    let free = classes.indices.filter { !places.contains($0) }.map { classes[$0] }
    let meant = Suggestion.nearest(to: own[missing], among: free)
    func quoted(_ name: String) -> String { "'\(Wording.oneLine(name))'" }
    return "\(found) of the \(own.count) classes of '\(dataset)' "
      + (found == 1 ? "is a class" : "are classes") + " of '\(model)' by name"
      + (sameCount ? ", in another order" : "") + "; it has none called \(quoted(own[missing]))"
      + (meant.map { "; did you mean \(quoted($0))?" } ?? "")
  }
}
