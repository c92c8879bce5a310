// From a declaration to a text in memory: lookup, download, fallback.
// Prints nothing: what the user must be told is in the result.

package import Records

/// Finds, downloads or makes the text that an experiment declares.
package struct DatasetLoader: Sendable {
  package var locations: DataLocations
  package var download: Download
  /// Whether only to look what is there: then neither the network nor a fallback stands in for what is missing.
  package var isOnlyPlanning = false
  /// What `tiny-shakespeare` stands for.
  package var tinyShakespeare: RemoteText
  /// The texts that a run was planned with: each is read from where it lay then, and refused where it has changed.
  package var planned: [RunRecord.Dataset] = []

  package init(
    locations: DataLocations, download: Download,
    tinyShakespeare: RemoteText = .tinyShakespeare
  ) {
    self.locations = locations
    self.download = download
    self.tinyShakespeare = tinyShakespeare
  }

  /// Loads the data set declared, or its fallback where it cannot be had.
  ///
  /// A fallback stands in for a text that is missing, never for one that is wrong: a file that is
  /// empty or not UTF-8 is an error with or without one.
  ///
  /// - Parameter progress: called while downloading.
  /// - Throws: `DataError`, when there is neither the data set nor a fallback.
  package func load(
    _ declaration: DatasetDeclaration, progress: Download.Progress? = nil
  ) throws(DataError) -> LoadedText {
    var warnings: [String] = []
    let requested = declaration.dataset.description
    if let known = planned.first(where: {
      $0.insteadOf == requested || $0.insteadOf == nil && [$0.name, $0.path].contains(requested)
    }) {
      return try load(known, of: declaration)
    }
    do {
      return try load(declaration.dataset, warnings: &warnings, progress: progress)
    } catch {
      guard let fallback = declaration.fallback, error.isAbsence else { throw error }
      var text = try load(fallback, warnings: &warnings, progress: progress)
      text.requested = declaration.dataset.description
      text.note =
        "using the fallback '\(fallback)': \(error.summary); its losses do not compare with those "
        + "on '\(declaration.dataset)'"
      return text
    }
  }

  /// The text that a run was planned with.
  private func load(
    _ known: RunRecord.Dataset, of declaration: DatasetDeclaration
  ) throws(DataError) -> LoadedText {
    let dataset = known.insteadOf == nil ? declaration.dataset : declaration.fallback
    var warnings: [String] = []
    var text: LoadedText
    if let path = known.path, AtomicFile.exists(path) {
      text = LoadedText(
        name: known.name, bytes: try Self.readText(path), source: .file(path: path))
    } else {
      text = try load(dataset ?? declaration.dataset, warnings: &warnings, progress: nil)
    }
    if text.sha256 != known.sha256 { throw .changed(name: known.name) }
    text.requested = declaration.dataset.description
    return text
  }

  private func load(
    _ dataset: Dataset, warnings: inout [String], progress: Download.Progress?
  ) throws(DataError) -> LoadedText {
    switch dataset {
    case .tinyShakespeare:
      return try load(tinyShakespeare, warnings: &warnings, progress: progress)
    case .syntheticPlays(let plays):
      return LoadedText(
        name: "\(dataset)", bytes: plays.bytes(), source: .builtIn, warnings: warnings)
    case .file(let name):
      let path = locations.absolute(name)
      let bytes = try Self.readText(path)
      // The file's own name: a result does not tell where its text lay.
      let file = path.split(separator: "/").last.map(String.init) ?? path
      return LoadedText(name: file, bytes: bytes, source: .file(path: path), warnings: warnings)
    }
  }

  private func load(
    _ remote: RemoteText, warnings: inout [String], progress: Download.Progress?
  ) throws(DataError) -> LoadedText {
    if let (path, bytes) = lookUp(remote, warnings: &warnings) {
      return LoadedText(
        name: remote.name, bytes: bytes, sha256: remote.sha256, source: .file(path: path),
        warnings: warnings)
    }
    let keepAt = locations.cache.map { $0 + "/" + remote.cacheFile }
    let bytes: [UInt8]
    do throws(DownloadFailure) {
      if locations.offline { throw .offline }
      if isOnlyPlanning { throw .onlyPlanned }
      bytes = try download.fetch(remote, progress: progress)
    } catch {
      throw .unavailable(remote, lookedIn: locations.places, error, putAt: keepAt)
    }
    let path = keep(bytes, at: keepAt, warnings: &warnings)
    return LoadedText(
      name: remote.name, bytes: bytes,
      source: .downloaded(address: remote.address, path: path), warnings: warnings)
  }

  /// The first file in the places to look in that is the text; files that are not are warned of.
  private func lookUp(
    _ remote: RemoteText, warnings: inout [String]
  ) -> (path: String, bytes: [UInt8])? {
    for place in locations.places {
      for file in remote.files {
        let path = place.path + "/" + file
        do {
          let bytes = try TextFile.read(path)
          let sha256 = SHA256.hex(bytes)
          if sha256 == remote.sha256 { return (path, bytes) }
          warnings.append(
            "'\(path)' (\(place.origin)) is passed over: it is not '\(remote.name)', having "
              + "\(bytes.count) bytes with sha256 \(sha256), not \(remote.bytes) with "
              + "\(remote.sha256)")
        } catch {
          if error.isAbsent { continue }
          warnings.append("'\(path)' (\(place.origin)) is passed over: \(error.reason)")
        }
      }
    }
    return nil
  }

  /// Puts a verified download into the cache; where that fails the run goes on without.
  private func keep(_ bytes: [UInt8], at path: String?, warnings: inout [String]) -> String? {
    guard let path else {
      warnings.append(
        "the download is kept for this run only: neither XDG_CACHE_HOME nor HOME says where a "
          + "cache could be")
      return nil
    }
    do {
      try TextFile.write(bytes, to: path)
      return path
    } catch {
      warnings.append(
        "the download is kept for this run only: '\(path)' could not be written: \(error.reason)")
      return nil
    }
  }

  private static func readText(_ path: String) throws(DataError) -> [UInt8] {
    let bytes: [UInt8]
    do {
      bytes = try TextFile.read(path)
    } catch {
      if error.isAbsent { throw .missing(path: path) }
      throw .unreadable(path: path, reason: error.reason)
    }
    if bytes.isEmpty { throw .empty(path: path) }
    do {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      throw .notUTF8(path: path, offset: error.byteOffsets.lowerBound)
    }
    return bytes
  }
}

extension DataError {
  /// Whether the text cannot be had, as opposed to one that is there and cannot be used.
  var isAbsence: Bool {
    switch self {
    case .unavailable(_, _, .interrupted, _), .unavailable(_, _, .onlyPlanned, _): false
    case .unavailable, .missing, .unreadable: true
    case .notUTF8, .empty, .changed, .tooShort: false
    }
  }
}
