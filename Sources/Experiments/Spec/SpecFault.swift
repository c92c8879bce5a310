// What can be wrong with the parts of an experiment file that make cells: names, variants, axes,
// ranges, conditions; and what is said about it.

package import Config
package import Records

/// A fault of the experiment file outside any one document.
package enum SpecFault: Sendable, Hashable {
  // Names.
  case badName(String, what: String)
  case inferred(String, what: String, TypeInference, write: String?)
  case unknownVariant(String, known: [String])
  /// A metric of `compare` that does not exist, or that has no better direction.
  case unknownMetric(String, known: [String])
  case notAMetric(String, known: [String])

  // Axes.
  case unknownAxis(String, known: [String])
  case emptyAxis(String)
  case axisTwice(String)
  case tooManyAxes(limit: Int)
  case duplicateValue(String, list: String)
  case sameValue(String, as: String, list: String)
  case badRange(String, NumberRange.Problem)
  case unequalZip(String, count: Int, other: String, otherCount: Int)
  case repeatedZip([String])

  // Cells.
  case excludeNeedsAxis(String, known: [String])
  case excludeMatchesNothing(String, value: String, known: [String])
  case badExpression(ExpressionProblem)
  case unknownName(String, known: [String])
  case tooManyCells(limit: Int)
  case nothingToRun

  // The command line.
  case badSetting(String)
  /// A plain word that names a file beside that of the experiment.
  case secondFile(String)
  case badPath(String)
}

extension Fault {
  package init(_ fault: SpecFault, at mark: Mark, notes: [Note] = []) {
    self.init(.spec(fault), at: mark, notes: notes)
  }
}

extension Fault.Kind {
  static func spec(_ fault: SpecFault) -> Fault.Kind {
    .stated(
      Fault.Statement(fault.message, help: fault.help, isOfSpelling: fault.isOfSpelling))
  }
}

extension SpecFault {
  /// The sentence after `error:`.
  package var message: String {
    switch self {
    case .badName(let name, let what):
      "\(what) \(Wording.quote(name)) cannot be a folder name:"
        + " use up to 64 letters, digits, '-', '_', '+' and '.', beginning with a letter or digit"
    case .inferred(let text, let what, let type, let write):
      "programs that read cells.csv take \(what) \(Wording.quote(text)) for \(type.rawValue): write "
        + (write.map { "a plain word, such as \(Wording.quote($0))" }
          ?? "a text that looks like none")
    case .unknownVariant(let name, _): "unknown variant \(Wording.quote(name))"
    case .unknownMetric(let name, _):
      "\(Wording.quote(name)) is no metric that can be better or worse"
    case .notAMetric(let name, _): "\(Wording.quote(name)) is no metric"

    case .unknownAxis("seeds", _), .unknownAxis("seed", _):
      "seeds are no axis: every cell runs once with each; write seeds=[1, 2]"
    case .unknownAxis(let path, _): "axis path \(Wording.quote(path)) is not an option"
    case .emptyAxis(let path): "axis \(Wording.quote(path)) has no values: write a list"
    case .axisTwice(let path): "axis \(Wording.quote(path)) appears twice"
    case .tooManyAxes(let limit): "the matrix has more than \(limit) axes"
    case .duplicateValue(let value, let list):
      "\(Wording.harmless(value)) appears twice in \(Wording.harmless(list))"
    case .sameValue(let value, let other, let list):
      "\(Wording.harmless(value)) is the same as \(Wording.harmless(other))"
        + " in \(Wording.harmless(list)): leave one of them out"
    case .badRange(let text, let problem): problem.message(text)
    case .unequalZip(let path, let count, let other, let otherCount):
      "zipped axes must have as many values as each other: \(other) has \(otherCount),"
        + " \(path) has \(count)"
    case .repeatedZip(let values):
      "\(Wording.harmless(values.joined(separator: ", "))) appears twice in zip"

    case .excludeNeedsAxis(let key, _): "\(Wording.quote(key)) is not an axis of the matrix"
    case .excludeMatchesNothing(let axis, let value, _):
      "\(Wording.quote(axis)) is never \(Wording.harmless(value))"
    case .badExpression(let problem): problem.message
    case .unknownName(let name, _):
      "unknown name \(Wording.quote(name)): neither an axis nor an option; a text stands in quotes"
    case .tooManyCells(let limit): "the matrix has more than \(limit) cells"
    case .nothingToRun: "every cell of the matrix is excluded"

    case .secondFile(let text):
      "one experiment file is read at a time: \(Wording.quote(text)) is a second"
    case .badSetting(let text):
      "\(Wording.quote(text)) is not of the form path=value, such as model.layers=4"
    case .badPath(let path): "\(Wording.quote(path)) is not a dotted path such as model.layers"
    }
  }

  /// The lines after the caret: a suggestion, or what is known.
  fileprivate var help: [String] {
    func lines(_ word: String, _ known: [String], _ what: String) -> [String] {
      Suggestion.lines(for: word, among: known.map { ($0, "") }, what: what)
    }
    switch self {
    case .unknownVariant(let name, let known): return lines(name, known, "known variants")
    case .unknownMetric(let name, let known): return lines(name, known, "such metrics")
    case .notAMetric(let name, let known):
      return Suggestion.question(Suggestion.nearest(to: name, among: known).map { [$0] } ?? [])
        .map { [$0] } ?? ["'runexp show RUN CELL' lists those of a cell"]
    case .unknownAxis("seeds", _), .unknownAxis("seed", _): return []
    case .unknownAxis(let path, let known):
      if let question = Suggestion.question(OptionNames(paths: known).meant(by: path)) {
        return [question]
      }
      return lines(path, Self.nearby(path, known), "known options")
    case .excludeNeedsAxis(let key, let known): return lines(key, known, "known axes")
    case .unknownName(let name, let known):
      if let question = Suggestion.question(OptionNames(paths: known).meant(by: name)) {
        return [question]
      }
      return lines(name, known, "known names")
    case .excludeMatchesNothing(_, let value, let known): return lines(value, known, "its values")
    case .badSetting(let text) where text.hasPrefix("~"):
      let path = text.dropFirst()
      return [
        "nothing is taken away here: \(path)=null asks for its default, \(path)=none for no such "
          + "component"
      ]
    default: return []
    }
  }

  /// Whether a text could not be understood, as against one that breaks a rule.
  fileprivate var isOfSpelling: Bool {
    switch self {
    case .badName, .unknownVariant, .unknownMetric, .notAMetric, .unknownAxis, .badRange,
      .excludeNeedsAxis, .excludeMatchesNothing, .badExpression, .unknownName, .badSetting,
      .secondFile, .badPath:
      true
    default: false
    }
  }

  /// The options of the section that a path stands in, or all of them where it has none.
  private static func nearby(_ path: String, _ known: [String]) -> [String] {
    func section(_ path: String) -> Substring? { path.lastIndex(of: ".").map { path[..<$0] } }
    let near = known.filter { $0 == section(path).map(String.init) || section($0) == section(path) }
    return near.isEmpty ? known : near
  }
}
