// PlannedTexts: the texts that cells declare and what makes tokens of them, each read once.

import Workloads

/// What was found for the declarations of data sets.
struct PlannedTexts {
  private let loader: DatasetLoader
  private let progress: Download.Progress?
  private var texts: [(declaration: DatasetDeclaration, text: LoadedText)] = []
  private var known: [Known] = []

  private typealias Known = (declaration: DatasetDeclaration, tokenizer: String?, found: Found)

  /// A text in the tokens in which a cell reads it.
  struct Found {
    let text: LoadedText
    /// Nil where tokens are characters, or numbers already.
    let tokenizer: StoredTokenizer?
    /// Why it is not the tokenizer that was asked for.
    let note: String?
    let vocabulary: TextVocabulary
    let size: TextCorpus.Size
  }

  init(_ loader: DatasetLoader, _ progress: Download.Progress? = nil) {
    self.loader = loader
    self.progress = progress
  }

  var all: [LoadedText] { texts.map(\.text) }

  /// - Parameter base: the stored model that reads it.
  mutating func find(
    _ declaration: DatasetDeclaration, for base: ModelBase?
  ) throws(DataError) -> Found {
    let (tokenizer, note) = try loader.tokenizer(of: declaration, for: base)
    let path = tokenizer?.path
    if let known = known.first(where: { $0.declaration == declaration && $0.tokenizer == path }) {
      return known.found
    }
    let text = try text(of: declaration)
    let (vocabulary, size) = try TextVocabulary.counted(
      text, as: declaration.tokens, by: tokenizer, keptIn: loader.folders(for: text))
    let found = Found(
      text: text, tokenizer: tokenizer, note: note, vocabulary: vocabulary, size: size)
    known.append((declaration, path, found))
    return found
  }

  private mutating func text(of declaration: DatasetDeclaration) throws(DataError) -> LoadedText {
    if let known = texts.first(where: { $0.declaration == declaration }) { return known.text }
    let text = try loader.load(declaration, progress: progress)
    texts.append((declaration, text))
    return text
  }
}
