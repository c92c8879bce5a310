// From a declaration to a text in memory: lookup, download, fallback.
// Prints nothing: what the user must be told is in the result.

package import Records

/// Finds, downloads or makes the text that an experiment declares.
package struct DatasetLoader: Sendable {
  package var locations: DataLocations
  package var download: Download
  /// Whether only to look what is there: then neither the network nor a fallback stands in for what
  /// is missing.
  package var isOnlyPlanning = false
  /// What `tiny-shakespeare` stands for.
  package var tinyShakespeare: RemoteText
  /// The texts and images that a run was begun with: each is looked for where it lay then, before
  /// anywhere else.
  package var planned: [RunRecord.Dataset] = []
  /// Whether a text is refused that is not the one that the run was begun with.
  package var isPinned = false
  private let tokenizers = TokenizerShelf()

  package init(
    locations: DataLocations, download: Download,
    tinyShakespeare: RemoteText = .tinyShakespeare
  ) {
    self.locations = locations
    self.download = download
    self.tinyShakespeare = tinyShakespeare
  }

  /// What finds images in the same places.
  package var images: ImageLoader {
    var loader = ImageLoader(locations: locations, download: download)
    loader.isOnlyPlanning = isOnlyPlanning
    loader.planned = planned.filter { $0.images != nil }
    loader.isPinned = isPinned
    return loader
  }

  /// Loads the data set declared, or its fallback where it cannot be had.
  ///
  /// A fallback stands in for a text that is missing, never for one that is wrong: a file that is
  /// empty or not UTF-8 is an error with or without one.
  ///
  /// - Parameter progress: called while downloading.
  /// - Throws: `DataError`, when there is neither the data set nor a fallback, or when it is pinned
  ///   and has changed.
  package func load(
    _ declaration: DatasetDeclaration, progress: Download.Progress? = nil
  ) throws(DataError) -> LoadedText {
    guard let known = known(declaration) else { return try find(declaration, progress) }
    var text: LoadedText
    if let found = recorded(known, declaration) {
      text = found
    } else {
      text = try find(declaration, insteadBy: known, progress)
    }
    if isPinned, text.sha256 != known.identity {
      throw .changed(name: known.changed(to: text.record))
    }
    text.requested = declaration.dataset.description
    if known.insteadOf != nil, text.note == nil {
      text.note =
        "using the fallback '\(text.name)', as the run did from its beginning"
        + declaration.consequence
    }
    return text
  }

  /// The tokenizer of a text; nil where its tokens are characters, or numbers already.
  ///
  /// - Parameter base: the stored model that reads it.
  /// - Returns: it, and why it is not the one that was asked for.
  /// - Throws: `DataError.noTokenizer`.
  package func tokenizer(
    of declaration: DatasetDeclaration, for base: ModelBase?
  ) throws(DataError) -> (tokenizer: StoredTokenizer?, note: String?) {
    if declaration.tokens == .ids { return (nil, nil) }
    guard let path = declaration.tokenizer.path else {
      guard let path = base?.tokenizer else { return (nil, nil) }
      return (try tokenizers.tokenizer(at: path), nil)
    }
    guard let fallback = declaration.tokenizer.fallback, !TokenizerShelf.isThere(path) else {
      return (try tokenizers.tokenizer(at: path), nil)
    }
    return (
      try tokenizers.tokenizer(at: fallback),
      "using the fallback tokenizer '\(fallback)': there is nothing at '\(path)'"
    )
  }

  /// How the tokens that a text is read in depart from those of the stored model that reads it; nil
  /// where they are its own, or it has none.
  ///
  /// - Parameters:
  ///   - corpus: the text in its tokens.
  ///   - tokenizer: what made them; nil for characters.
  package func departure(
    of corpus: TextCorpus, by tokenizer: StoredTokenizer?, _ text: LoadedText,
    _ declaration: DatasetDeclaration, from base: ModelBase?
  ) -> String? {
    guard declaration.tokens == .characters, declaration.tokenizer.path != nil, let base,
      base.tokenizer != nil || base.characters != nil
    else { return nil }
    let own = base.tokenizer.flatMap { try? tokenizers.tokenizer(at: $0) }
    if let own, own.sha256 == tokenizer?.sha256 { return nil }
    // Other files may make the same tokens.
    let read = try? TextCorpus(
      text, by: own, for: base, keptIn: folders(for: text), writes: false)
    if let read, read.train.elementsEqual(corpus.train),
      read.validation.elementsEqual(corpus.validation)
    {
      return nil
    }
    return
      "workload.dataset.tokenizer is \(tokenizer?.path ?? TokenizerSource.char) instead of the "
      + "model's own"
  }

  /// Where the tokens of a text are kept: beside it, or in the cache where that cannot be written to.
  package func folders(for text: LoadedText) -> [String] {
    [text.path.map { AtomicFile.folder(of: $0) }, locations.cache.map { $0 + "/tokens" }]
      .compactMap(\.self)
  }

  /// The text that a run was begun with for this declaration; nil where it had none.
  package func known(_ declaration: DatasetDeclaration) -> RunRecord.Dataset? {
    let requested = declaration.dataset.description
    let found = planned.filter { text in
      if text.images != nil { return false }
      let used = text.insteadOf == nil ? requested : declaration.fallback?.description
      return text.insteadOf ?? requested == requested
        && used.map([text.name, text.path].contains) == true
    }
    // Several may differ in what is validated on; runs of older versions do not say it.
    return found.first { text in
      guard text.insteadOf == nil, let validation = declaration.validation else {
        return text.validation == nil
      }
      return [text.validation?.name, text.validation?.path].contains(validation.description)
    } ?? found.first { $0.validation == nil }
  }

  /// The text that a run was begun with, from where it lay then; nil where it is not there any
  /// more.
  private func recorded(
    _ known: RunRecord.Dataset, _ declaration: DatasetDeclaration
  ) -> LoadedText? {
    guard let path = known.path, let bytes = try? Self.readText(path) else { return nil }
    var text = LoadedText(name: known.name, bytes: bytes, source: .file(path: path))
    if known.insteadOf == nil {
      guard let validated = try? validated(text, declaration, nil) else { return nil }
      text = validated
    }
    return text.sha256 == known.identity ? text : nil
  }

  /// A text with that to validate on, where there is one.
  private func validated(
    _ text: LoadedText, _ declaration: DatasetDeclaration, _ progress: Download.Progress?
  ) throws(DataError) -> LoadedText {
    guard let validation = declaration.validation else { return text }
    var warnings: [String] = []
    var other = try load(validation, warnings: &warnings, progress: progress)
    other.warnings = warnings
    return text.validated(on: other)
  }

  /// Looks in every place for the text that a run was begun with: the declared one, or the fallback
  /// where that was used.
  private func find(
    _ declaration: DatasetDeclaration, insteadBy known: RunRecord.Dataset,
    _ progress: Download.Progress?
  ) throws(DataError) -> LoadedText {
    var declaration = declaration
    if known.insteadOf != nil {
      declaration.dataset = declaration.fallback ?? declaration.dataset
      declaration.validation = nil
    }
    if isPinned || known.insteadOf != nil { declaration.fallback = nil }
    return try find(declaration, progress)
  }

  private func find(
    _ declaration: DatasetDeclaration, _ progress: Download.Progress?
  ) throws(DataError) -> LoadedText {
    var warnings: [String] = []
    do {
      let text = try load(declaration.dataset, warnings: &warnings, progress: progress)
      return try validated(text, declaration, progress)
    } catch {
      guard let fallback = declaration.fallback, error.isAbsence else { throw error }
      var text = try load(fallback, warnings: &warnings, progress: progress)
      text.requested = declaration.dataset.description
      text.note = "using the fallback '\(fallback)': \(error.summary)" + declaration.consequence
      return text
    }
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
    case .syntheticIDs:
      let text = SyntheticPlays(characters: 100_000).bytes().map { "\($0)" }
      return LoadedText(
        name: "\(dataset)", bytes: Array(text.joined(separator: " ").utf8), source: .builtIn,
        warnings: warnings)
    case .file(let name):
      let path = locations.absolute(name)
      let bytes = try Self.readText(path)
      // The file's own name: a result does not tell where its text lay.
      let file = path.split(separator: "/").last.map(String.init) ?? path
      return LoadedText(
        name: TypeInference.kept(file, behind: "./"), bytes: bytes, source: .file(path: path),
        warnings: warnings)
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
      bytes = try download.fetch(remote.file, progress: progress)
    } catch {
      let search = DataSearch(places: locations.places, passedOver: warnings)
      throw .unavailable(remote, lookedIn: search, error, putAt: keepAt)
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
      warnings.append(Self.noCache)
      return nil
    }
    do {
      try TextFile.write(bytes, to: path)
      return path
    } catch {
      warnings.append(Self.notKept(path, error.reason))
      return nil
    }
  }

  /// Why a download is not kept, and what follows: each cell is a process of its own.
  static let noCache = lost + "neither XDG_CACHE_HOME nor HOME says where a cache could be"

  static func notKept(_ path: String, _ reason: String) -> String {
    lost + "'\(path)' could not be written: \(reason)"
  }

  private static let lost = "the download is not kept, and each cell of a run downloads anew: "

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

extension DatasetDeclaration {
  /// What a note on its fallback ends with.
  fileprivate var consequence: String {
    (validation.map { "; its own last tenth is validated on, and not '\($0)'" } ?? "")
      + "; its losses do not compare with those on '\(dataset)'"
  }
}

extension RunRecord.Dataset {
  /// The name of whichever of its texts is another one in what a text is now.
  package func changed(to text: Self) -> String {
    guard let validation, sha256 == text.sha256 else { return path ?? name }
    return validation.path ?? validation.name
  }
}

extension DataError {
  /// Whether the data cannot be had, as opposed to such as are there and cannot be used.
  var isAbsence: Bool {
    switch self {
    case .unavailable(_, _, .interrupted, _), .unavailable(_, _, .onlyPlanned, _),
      .imagesMissing(_, _, .interrupted, _), .imagesMissing(_, _, .onlyPlanned, _):
      false
    case .unavailable, .missing, .unreadable, .imagesMissing, .noImages: true
    case .notUTF8, .empty, .notTokens, .noTokenizer, .changed, .tooShort, .wrongImages,
      .imagesChanged:
      false
    }
  }
}
