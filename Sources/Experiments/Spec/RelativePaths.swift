// RelativePaths: makes the paths in experiment files and arguments absolute before anything else
// looks at them, so that a resolved experiment means the same from any folder. A relative path of a
// file starts at the file's folder, one of the command line at the current folder.

import Config

/// The options whose values are paths.
struct RelativePaths {
  /// Their types, by dotted path.
  let options: [String: ReadType]

  /// The value at a dotted path, or a whole experiment file, with its paths absolute.
  func resolved(_ node: Node, at path: String = "") -> Node {
    switch node.content {
    case .scalar(let scalar):
      guard let folder = node.mark.source.folder, !node.isNull,
        options[path]?.isPath(scalar.text) == true
      else { return node }
      let text = AbsolutePath.of(scalar.text, in: folder)
      return Node(.scalar(Scalar(text: text, isQuoted: true)), mark: node.mark)
    case .sequence(let items):
      return Node(.sequence(items.map { resolved($0, at: path) }), mark: node.mark)
    case .mapping(let entries):
      let entries = entries.map { entry in
        Entry(
          key: entry.key, keyMark: entry.keyMark,
          value: resolved(entry.value, at: Self.path(of: entry.key, in: path)))
      }
      return Node(.mapping(entries), mark: node.mark)
    }
  }

  /// The option that a path in a file leads to: that of `variants.a.model.from` is `model.from`.
  static func option(at place: DottedPath) -> String {
    place.keys.reduce("") { path(of: $1, in: $0) }
  }

  /// A variant holds a document; the keys of the matrix, and of what stands in it, are whole dotted
  /// paths.
  private static func path(of key: String, in path: String) -> String {
    if path.isEmpty { return ["matrix", "zip", "exclude", "include"].contains(key) ? "" : key }
    return path == "variants" ? "" : "\(path).\(key)"
  }
}

extension ExperimentArguments.Changes {
  /// The same with the paths of the current folder.
  func resolved(by paths: RelativePaths) -> Self {
    func resolved(_ settings: [Setting]) -> [Setting] {
      settings.map { $0.with(paths.resolved($0.value, at: RelativePaths.option(at: $0.path))) }
    }
    var changes = self
    changes.settings = resolved(settings)
    changes.axes = resolved(axes)
    changes.zips = zips.map(resolved)
    changes.excludes = excludes.map { paths.resolved($0) }
    changes.includes = includes.map { paths.resolved($0) }
    return changes
  }
}

extension DocumentReader {
  /// The options of the workloads that are paths; for each word a document is read in which nothing
  /// else is written.
  var relativePaths: RelativePaths {
    let mark = Mark(source: Source(name: "defaults", text: ""), line: 1, column: 1)
    var options: [String: ReadType] = [:]
    for workload in workloads {
      let word = Node(.scalar(Scalar(text: workload.word)), mark: mark)
      let entry = Entry(key: "workload", keyMark: mark, value: word)
      let recording = read(Node(.mapping([entry]), mark: mark)).recording
      for option in recording.options {
        if case .path = option.type { options[option.path] = option.type }
      }
      for (section, option) in recording.bareWords {
        if case .path = option.type { options[section] = option.type }
      }
    }
    return RelativePaths(options: options)
  }
}
