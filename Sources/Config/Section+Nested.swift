// Nested mappings.

extension Section {
  /// A nested mapping; one that is absent or empty reads as all defaults.
  package func section(_ key: String, _ doc: String) -> Section {
    if case .section(_, let inner)? = item(key) { return inner }
    let path = path(of: key)
    let inner: Section
    if let entry = lookUp(key) {
      let isFine = entry.value.entries != nil || entry.value.isNull
      if !isFine {
        let found = Wording.found(entry.value)
        let kind = Fault.Kind.wrongType(path, expected: "a mapping", found: found, hint: nil)
        record(kind, for: key, at: entry.value.mark)
      }
      inner = Section(
        path: path, entries: entry.value.entries ?? [], mark: entry.keyMark, recorder: recorder,
        isMuted: isMuted || !isFine)
    } else {
      inner = Section(
        path: path, entries: [], mark: mark, recorder: recorder, isWritten: false,
        isMuted: isMuted)
    }
    add(key, .section(doc: doc, inner))
    return inner
  }
}
