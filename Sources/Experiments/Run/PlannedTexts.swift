// PlannedTexts: the texts that cells declare and what makes tokens of them, each read once.

import Records
import Workloads

/// What was found for the declarations of data sets.
struct PlannedTexts {
  private let loader: DatasetLoader
  private let progress: Download.Progress?
  private var texts: [(declaration: DatasetDeclaration, text: LoadedText)] = []
  private var known: [Known] = []
  private var tokenizerNotes: [String] = []

  private typealias Known = (declaration: DatasetDeclaration, tokenizer: String?, found: Found)

  /// A text in the tokens in which a cell reads it.
  struct Found {
    let text: LoadedText
    /// Nil where tokens are characters, or numbers already.
    let tokenizer: StoredTokenizer?
    /// Why it is not the tokenizer that was asked for.
    let fallbackNote: String?
    /// What its tokens do not tell of the text.
    let lossNote: String?
    let vocabulary: TextVocabulary
    let size: TextCorpus.Size

    /// What is to be known of the tokenizer.
    var note: String? { [fallbackNote, lossNote].inOneLine }
  }

  init(_ loader: DatasetLoader, _ progress: Download.Progress? = nil) {
    self.loader = loader
    self.progress = progress
  }

  var all: [LoadedText] { texts.map(\.text) }

  /// The tokenizers, each once.
  var tokenizers: [RunRecord.Tokenizer] {
    known.compactMap(\.found.tokenizer).map {
      RunRecord.Tokenizer(path: $0.path, sha256: $0.sha256)
    }.unique
  }

  /// What stands in for texts and tokenizers that are not there, a sentence for each.
  var fallbackNotes: [String] {
    (texts.compactMap(\.text.note) + tokenizerNotes).unique
  }

  /// What tokens do not tell of the texts, a sentence for each that is so.
  var lossNotes: [String] { known.compactMap(\.found.lossNote).unique }

  /// - Parameter base: the stored model that reads it.
  mutating func find(
    _ declaration: DatasetDeclaration, for base: ModelBase?
  ) throws(DataError) -> Found {
    let (tokenizer, note) = try loader.tokenizer(of: declaration, for: base)
    let path = tokenizer?.path
    if let note { tokenizerNotes.append(note) }
    if let known = known.first(where: { $0.declaration == declaration && $0.tokenizer == path }) {
      return known.found
    }
    let text = try text(of: declaration)
    let (vocabulary, size, untokenized) = try TextVocabulary.counted(
      text, as: declaration.tokens, by: tokenizer, keptIn: loader.folders(for: text),
      writes: !loader.isOnlyPlanning)
    let found = Found(
      text: text, tokenizer: tokenizer, fallbackNote: note,
      lossNote: tokenizer?.note(of: untokenized), vocabulary: vocabulary, size: size)
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
