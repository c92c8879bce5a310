// ExperimentArguments: what the command line changes in an experiment file, as words and as what
// they stand for.

import Config

/// The command line's changes, as they are typed.
package struct ExperimentArguments: Sendable {
  /// `path=value`, over the document, its variants and its axes.
  package var sets: [String] = []
  /// The same in plain words without an option before them, as Hydra has it.
  package var words: [String] = []
  /// `path=v1,v2,...`, further axes; one of the same path is replaced.
  package var vary: [String] = []
  /// As `vary`, in plain words without an option before them.
  package var axes: [String] = []
  /// Axes that advance together: those of one argument, and all that stand alone in theirs.
  package var zips: [String] = []
  /// `path=v1,v2 path=v3`: cells that have all of these are left out.
  package var excludes: [String] = []
  /// `path=v1,v2 path=v3`: further cells.
  package var includes: [String] = []
  /// Expressions that cells must satisfy.
  package var wheres: [String] = []
  /// `1,2,3` or `1..3`; nil for those of the file.
  package var seeds: String?

  package init(sets: [String] = [], vary: [String] = []) {
    self.sets = sets
    self.vary = vary
  }

  /// The arguments, read.
  ///
  /// - Throws: the faults of all arguments together.
  func read() throws(Faults) -> Changes {
    var faults: [Fault] = []
    var order = 0
    func all<Result>(
      _ arguments: [String], _ read: (String, Int) throws(Faults) -> Result
    ) -> [Result] {
      arguments.compactMap { argument in
        order += 1
        do throws(Faults) {
          return try read(argument, order)
        } catch {
          faults += error.all
          return nil
        }
      }
    }
    var changes = Changes()
    changes.settings = all(sets) { argument, order throws(Faults) in
      try Setting.parse(argument, order: order)
    }
    changes.settings += all(words) { argument, order throws(Faults) in
      try Setting.parse(argument, option: "", order: order)
    }
    changes.axes = all(vary) { argument, order throws(Faults) in
      try Setting.parseAxis(argument, order: order)
    }
    changes.axes += all(axes) { argument, order throws(Faults) in
      try Setting.parseAxis(argument, option: "", order: order)
    }
    let groups = all(zips) { argument, order throws(Faults) in
      try Setting.parsePairs(argument, option: "--zip", order: order)
    }
    let alone = groups.filter { $0.count == 1 }.flatMap { $0 }
    changes.zips = groups.filter { $0.count > 1 } + (alone.isEmpty ? [] : [alone])
    changes.excludes = all(excludes) { argument, order throws(Faults) in
      Setting.mapping(try Setting.parsePairs(argument, option: "--exclude", order: order))
    }.compactMap(\.self)
    changes.includes = all(includes) { argument, order throws(Faults) in
      Setting.mapping(try Setting.parsePairs(argument, option: "--include", order: order))
    }.compactMap(\.self)
    changes.wheres = all(wheres) { argument, order throws(Faults) in
      Setting.text(argument, option: "--where", order: order)
    }
    if let seeds, let path = DottedPath("seeds") {
      changes.settings += all([seeds]) { argument, order throws(Faults) in
        try Setting.parseValues(argument, of: path, option: "--seeds", order: order)
      }
    }
    if !faults.isEmpty { throw Faults(faults) }
    return changes
  }

  /// What the arguments change.
  struct Changes {
    var settings: [Setting] = []
    var axes: [Setting] = []
    var zips: [[Setting]] = []
    var excludes: [Node] = []
    var includes: [Node] = []
    var wheres: [Node] = []
  }
}
