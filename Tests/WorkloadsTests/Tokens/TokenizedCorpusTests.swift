// Texts in the tokens of a tokenizer: the same text whatever its tokens are, encoded once and mapped
// after that.

import Foundation
import MutatedTokenizers
import Records
import TestSupport
import Testing
import Tokenizers
import Workloads

@Suite("texts in the tokens of a tokenizer") struct TokenizedCorpusTests {
  private let folder: TemporaryFolder
  private let plays = SyntheticPlays(characters: 5000).bytes()

  init() throws {
    folder = try TemporaryFolder()
    let fixture = try TokenizerFixture("gpt2")
    try FileManager.default.createDirectory(
      atPath: folder.file("small"), withIntermediateDirectories: false)
    try Data(fixture.contents).write(to: URL(filePath: folder.file("small/tokenizer.json")))
  }

  private var stored: StoredTokenizer {
    get throws { try StoredTokenizer(at: folder.file("small")) }
  }

  private func text(_ bytes: [UInt8]) -> LoadedText {
    LoadedText(name: "text.txt", bytes: bytes, source: .file(path: folder.file("text.txt")))
  }

  private func kept(in name: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.file(name))
      .filter { $0.hasSuffix(".tokens") }
  }

  /// Changes a file of tokens behind its header, and redoes the hash of that, so that it is whole.
  private func forge(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = try AtomicFile.readBytes(folder.file(name))
    change(&bytes)
    let start = 8 + 3 * 64
    bytes.replaceSubrange(start - 64..<start, with: SHA256.hex(Array(bytes[start...])).utf8)
    try Data(bytes).write(to: URL(filePath: folder.file(name)))
  }

  @Test func `both splits are the same text in any tokens`() throws {
    let bytes = Array("é".utf8) + plays
    let bpe = try TextCorpus(text(bytes), by: stored)
    let characters = try TextCorpus(text(bytes))
    let ofBytes = try TextCorpus(text(bytes), by: StoredTokenizer(at: "byte"))
    for corpus in [bpe, characters, ofBytes] {
      #expect(corpus.validationBytes == characters.validation.count)
      let tokenizer = try #require(corpus.vocabulary.tokenizer)
      #expect(
        tokenizer.decode(corpus.train) + tokenizer.decode(corpus.validation)
          == String(decoding: bytes, as: UTF8.self))
      #expect(
        tokenizer.decode(corpus.validation)
          == characters.vocabulary.tokenizer?.decode(characters.validation))
    }
    #expect(bpe.validation.count < characters.validation.count)
    #expect(ofBytes.train.count == characters.train.count + 1)
    #expect(try bpe.vocabulary.count == stored.tokenizer.count)
    #expect(ofBytes.vocabulary.count == 256)
    // The loss of a text is the same number of bits, whatever its tokens are.
    for corpus in [bpe, characters, ofBytes] {
      let bits = try #require(corpus.bitsPerByte(loss: log(2) / Double(corpus.validation.count)))
      #expect(abs(bits - 1 / Double(characters.validation.count)) < 1e-12)
    }
  }

  @Test func `a text is encoded once, and its tokens are those of the file after that`() throws {
    let stored = try stored
    let folders = [folder.path]
    let whole = try TextCorpus(text(plays), by: stored)
    let first = try TextCorpus(text(plays), by: stored, keptIn: folders)
    #expect(Array(first.train) == Array(whole.train))
    #expect(Array(first.validation) == Array(whole.validation))
    let names = try kept()
    #expect(names.count == 2 && names.allSatisfy { $0.hasPrefix("text.txt.") })
    // The file is believed: with another token in it, that is what is read.
    for name in names { try forge(name) { $0[$0.count - 4] ^= 1 } }
    let stamps = try names.map { try AtomicFile.readBytes(folder.file($0)) }
    let second = try TextCorpus(text(plays), by: stored, keptIn: folders)
    for (found, encoded) in [(second.train, whole.train), (second.validation, whole.validation)] {
      let last = try #require(encoded.last)
      #expect(Array(found) == encoded.dropLast() + [last ^ 1])
    }
    #expect(try kept() == names)
    // Another text, or another tokenizer, has files of its own.
    _ = try TextCorpus(text(plays.dropLast()), by: stored, keptIn: folders)
    _ = try TextCorpus(text(plays), by: StoredTokenizer(at: "byte"), keptIn: folders)
    #expect(try kept().count == 6)
    for (name, bytes) in zip(names, stamps) {
      #expect(try AtomicFile.readBytes(folder.file(name)) == bytes)
    }
  }

  @Test func `a text that its tokens do not tell has no bits a byte, from a file neither`() throws {
    // No token for what is neither a letter nor a blank.
    let letters = Set(plays).filter { $0 >= 0x61 && $0 <= 0x7A || $0 == 0x20 }.sorted()
    let vocabulary = letters.enumerated().map {
      "\"\(String(decoding: [$1], as: UTF8.self))\":\($0)"
    }
    let json =
      #"{"version":"1.0","model":{"type":"BPE","merges":[],"vocab":{"#
      + vocabulary.joined(separator: ",") + "}}}"
    try FileManager.default.createDirectory(
      atPath: folder.file("letters"), withIntermediateDirectories: false)
    try folder.write(json, to: "letters/tokenizer.json")
    let stored = try StoredTokenizer(at: folder.file("letters"))
    let lost = plays.count { !letters.contains($0) }
    for _ in 0..<2 {
      let corpus = try TextCorpus(text(plays), by: stored, keptIn: [folder.path])
      #expect(corpus.untokenized.bytes == lost && lost > 100)
      #expect(corpus.train.count + corpus.validation.count == plays.count - lost)
      #expect(corpus.bitsPerByte(loss: 1) == nil)
      let note = try #require(stored.note(of: corpus.untokenized))
      #expect(
        note.hasPrefix("the tokenizer '\(stored.path)' has no token for '")
          && note.hasSuffix(": \(lost) bytes of the text are lost, and there are no bits a byte"))
    }
    #expect(try kept().count == 2)
    #expect(try TextCorpus(text(plays), by: self.stored).bitsPerByte(loss: 1) != nil)
  }

  @Test func `who only looks keeps no tokens`() throws {
    let stored = try stored
    let looked = try TextCorpus(text(plays), by: stored, keptIn: [folder.path], writes: false)
    #expect(try kept().isEmpty)
    let kept = try TextCorpus(text(plays), by: stored, keptIn: [folder.path])
    #expect(try self.kept().count == 2 && Array(kept.train) == Array(looked.train))
  }

  @Test func `what a killed program has left of such files is removed, and nothing else`() throws {
    let dead = ".text.txt.0123456789abcdef.tokens.1abc.tmp"
    let held = ".text.txt.fedcba9876543210.tokens.2def.tmp"
    let others = [".mine.tmp", ".text.txt.1abc.tmp", ".text.txt.0123456789abcdef.tokens.1abc"]
    for name in [dead, held] + others { try folder.write("x", to: name) }
    let file = open(folder.file(held), O_WRONLY)
    defer { close(file) }
    #expect(flock(file, LOCK_EX | LOCK_NB) == 0)
    _ = try TextCorpus(text(plays), by: stored, keptIn: [folder.path])
    #expect(!AtomicFile.exists(folder.file(dead)))
    for name in [held] + others {
      #expect(AtomicFile.exists(folder.file(name)), "\(name)")
    }
  }

  @Test func `a folder that nobody may write to is left as it is, by root too`() throws {
    for name in ["data", "cache"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: false)
    }
    #expect(chmod(folder.file("data"), 0o555) == 0)
    defer { chmod(folder.file("data"), 0o755) }
    let folders = ["data", "cache"].map { folder.file($0) }
    _ = try TextCorpus(text(plays), by: stored, keptIn: folders)
    #expect(try kept(in: "data").isEmpty)
    #expect(try kept(in: "cache").count == 2)
  }

  @Test func `no token is read from a file that the tokenizer does not have`() throws {
    let stored = try stored
    let whole = try TextCorpus(text(plays), by: stored)
    _ = try TextCorpus(text(plays), by: stored, keptIn: [folder.path])
    let names = try kept()
    let files = try names.map { try AtomicFile.readBytes(folder.file($0)) }
    let most = Int32(stored.count)
    for (token, isOne) in [(most - 1, true), (most, false), (-1, false), (.min, false)] {
      for name in names {
        try forge(name) { bytes in
          withUnsafeBytes(of: token.littleEndian) { bytes.replaceSubrange(240..<244, with: $0) }
        }
      }
      let corpus = try TextCorpus(text(plays), by: stored, keptIn: [folder.path])
      #expect(corpus.train.first == (isOne ? token : whole.train.first))
      #expect(corpus.validation.first == (isOne ? token : whole.validation.first))
      for (name, file) in zip(names, files) {
        #expect(try (AtomicFile.readBytes(folder.file(name)) == file) == !isOne, "\(token)")
      }
    }
  }

  @Test func `a text is cut between two characters, however long they are`() throws {
    let bytes = try StoredTokenizer(at: "byte")
    for count in 1...40 {
      let scalars = (0..<count).map { Array("a\u{E9}\u{20AC}\u{1F600}".unicodeScalars)[$0 % 4] }
      func utf8(_ scalars: some Sequence<Unicode.Scalar>) -> [UInt8] {
        Array(String(String.UnicodeScalarView(scalars)).utf8)
      }
      let corpus = try TextCorpus(text(utf8(scalars)), by: bytes)
      let cut = TextCorpus.cut(count)
      #expect(corpus.train.map(UInt8.init) == utf8(scalars[..<cut]), "\(count)")
      #expect(corpus.validation.map(UInt8.init) == utf8(scalars[cut...]), "\(count)")
      #expect(corpus.validationBytes == corpus.validation.count)
      let characters = try TextCorpus(text(utf8(scalars)))
      #expect(characters.size == TextCorpus.Size(cutting: count))
    }
  }

  @Test func `a damaged file of tokens is made again`() throws {
    let stored = try stored
    let whole = try TextCorpus(text(plays), by: stored)
    _ = try TextCorpus(text(plays), by: stored, keptIn: [folder.path])
    let files = try kept().map { ($0, try AtomicFile.readBytes(folder.file($0))) }
    #expect(files.count == 2)
    for damage in 0..<8 {
      for name in try kept() {
        var bytes = try AtomicFile.readBytes(folder.file(name))
        switch damage {
        case 0: bytes.removeLast()
        case 1: bytes = []
        case 2: bytes[bytes.count - 1] = 0x7F
        // Still tokens of the vocabulary, all of them.
        case 3: bytes.removeLast(40)
        case 4: bytes[bytes.count - 40] ^= 1
        case 5: bytes.removeLast(bytes.count - 8 - 3 * 64)
        // What the tokens do not tell.
        case 6: bytes[8 + 3 * 64] ^= 1
        default: bytes[20] ^= 1
        }
        try Data(bytes).write(to: URL(filePath: folder.file(name)))
      }
      let corpus = try TextCorpus(text(plays), by: stored, keptIn: [folder.path])
      #expect(Array(corpus.train) == Array(whole.train), "\(damage)")
      #expect(Array(corpus.validation) == Array(whole.validation), "\(damage)")
      for (name, file) in files {
        #expect(try AtomicFile.readBytes(folder.file(name)) == file, "\(damage)")
      }
    }
  }

  @Test func `tokens go where they can be kept`() throws {
    let stored = try stored
    // A folder below a file can be neither made nor written to.
    try folder.write("", to: "file")
    let folders = [folder.file("file/below"), folder.file("cache/tokens")]
    let corpus = try TextCorpus(text(plays), by: stored, keptIn: folders)
    #expect(try kept(in: "cache/tokens").count == 2)
    let nowhere = try TextCorpus(text(plays), by: stored, keptIn: [folders[0]])
    #expect(Array(nowhere.train) == Array(corpus.train))
  }

  @Test func `many at once leave one whole file`() async throws {
    let stored = try stored
    let whole = Array(try TextCorpus(text(plays), by: stored).train)
    let (text, path) = (text(plays), folder.path)
    let all = try await withThrowingTaskGroup(of: [Int32].self) { group in
      for _ in 0..<8 {
        group.addTask { Array(try TextCorpus(text, by: stored, keptIn: [path]).train) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(all.count == 8 && all.allSatisfy { $0 == whole })
    #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == 3)
  }

  @Test func `a pair of files is trained and validated on as they are`() throws {
    try folder.write("the king's men", to: "train.txt")
    try folder.write("the queen's zebra", to: "validation.txt")
    let loader = DatasetLoader(
      locations: DataLocations(offline: true, environment: [:], baseDirectory: folder.path),
      download: Download(environment: [:]))
    var declaration = DatasetDeclaration(.file(folder.file("train.txt")))
    let alone = try loader.load(declaration)
    declaration.validation = .file(folder.file("validation.txt"))
    let pair = try loader.load(declaration)
    #expect(pair.sha256 != alone.sha256)
    let corpus = try TextCorpus(pair)
    let characters = try #require(corpus.vocabulary.characters)
    #expect(characters.decode(corpus.train) == "the king's men")
    #expect(characters.decode(corpus.validation) == "the queen's zebra")
    #expect(corpus.validationBytes == 17)
    let bpe = try TextCorpus(pair, by: stored)
    #expect(bpe.vocabulary.tokenizer?.decode(bpe.validation) == "the queen's zebra")
    // What a record has of it names both files.
    let record = pair.record
    #expect(record.sha256 == alone.sha256 && record.bytes == 14 && record.path == alone.path)
    #expect(record.validation?.name == "validation.txt" && record.validation?.bytes == 17)
    #expect(record.validation?.path == folder.file("validation.txt"))
    #expect(record.validation?.sha256 == SHA256.hex(Array("the queen's zebra".utf8)))
    #expect(RunRecord.Dataset(json: record.json) == record && record.identity == pair.sha256)
    // It is found again where it lay, as long as both are the same; by older records too, which
    // have one hash of both.
    let older = RunRecord.Dataset(
      name: pair.name, sha256: pair.sha256, bytes: pair.bytes.count, path: pair.path)
    for known in [[alone.record, record], [older]] {
      var pinned = loader
      pinned.planned = known
      pinned.isPinned = true
      #expect(try pinned.load(declaration).sha256 == pair.sha256)
      try folder.write("the queen's zebras", to: "validation.txt")
      let error = #expect(throws: DataError.self) { try pinned.load(declaration) }
      let name = known.count > 1 ? "validation.txt" : "train.txt"
      #expect(
        error?.description == "the text '\(folder.file(name))' is not the one that the run was "
          + "planned with")
      try folder.write("the queen's zebra", to: "validation.txt")
    }
  }

  @Test func `what is wrong with a text to validate on names that text`() throws {
    try folder.write("the king's men and the king's horses", to: "train.txt")
    let loader = DatasetLoader(
      locations: DataLocations(offline: true, environment: [:], baseDirectory: folder.path),
      download: Download(environment: [:]))
    func declaration(_ tokens: TokenKind = .characters, _ fallback: Dataset? = nil)
      -> DatasetDeclaration
    {
      var declaration = DatasetDeclaration(
        .file(folder.file("train.txt")), fallback: fallback, tokens: tokens)
      declaration.validation = .file(folder.file("valid.txt"))
      return declaration
    }
    let place = folder.file("valid.txt")
    let gone = #expect(throws: DataError.self) { try loader.load(declaration()) }
    #expect(gone == .missing(path: place))
    // A fallback is a text by itself, and says so.
    let instead = try loader.load(declaration(.characters, .syntheticPlays()))
    #expect(instead.validation == nil && instead.record.validation == nil)
    #expect(
      instead.note == "using the fallback 'synthetic-plays': there is no text file '\(place)'; its "
        + "own last tenth is validated on, and not '\(place)'; its losses do not compare with those on "
        + "'\(folder.file("train.txt"))'")
    try folder.write("the", to: "valid.txt")
    let short = #expect(throws: DataError.self) {
      try TextCorpus(try loader.load(declaration()), sequence: 4)
    }
    #expect(
      short?.description
        == "'\(place)' is too short: it has 3 tokens, and a sequence of 4 needs at least 6")
    try folder.write("1 2 3 4 5 6", to: "train.txt")
    let none = #expect(throws: DataError.self) {
      try TextCorpus(try loader.load(declaration(.ids)), as: .ids)
    }
    #expect(none?.description.hasPrefix("cannot read the text '\(place)': ") == true)
  }

  @Test func `a training goes without what it cannot read beside a tokenizer`() throws {
    #expect(mkfifo(folder.file("small/chat_template.jinja"), 0o600) == 0)
    try folder.write(#"{"eos_token_id": "</s>"}"#, to: "small/generation_config.json")
    try folder.write("{}", to: "small/special_tokens_map.json")
    let stored = try stored
    try stored.write(to: folder.file("copy"))
    #expect(try folder.names(in: "copy") == ["special_tokens_map.json", "tokenizer.json"])
    // An export goes without nothing.
    func problem() -> String {
      let error = #expect(throws: ResultsError.self) {
        try stored.write(to: folder.file("export"), takesAll: true)
      }
      return error?.description ?? ""
    }
    #expect(problem().hasSuffix("small/chat_template.jinja': it is no regular file"))
    try FileManager.default.removeItem(atPath: folder.file("small/chat_template.jinja"))
    #expect(problem().contains("'eos_token_id' is \"</s>\""))
  }

  @Test func `a tokenizer is written by the names under which it is found in a folder`() throws {
    let files = [
      ("mine.json", "gpt2", "tokenizer.json"), ("mine", "gpt2", "tokenizer.json"),
      ("mine.spm", "sentencepiece", "tokenizer.model"),
    ]
    for (name, fixture, _) in files {
      try Data(TokenizerFixture(fixture).contents).write(to: URL(filePath: folder.file(name)))
    }
    let (vocabulary, merges) = try TokenizerFixture("gpt2").ofGPT2
    try Data(vocabulary).write(to: URL(filePath: folder.file("encoder.json")))
    try Data(merges).write(to: URL(filePath: folder.file("vocab.bpe")))
    let written = files.map { ($0.0, [$0.2]) } + [("vocab.bpe", ["merges.txt", "vocab.json"])]
    for (name, names) in written {
      let stored = try StoredTokenizer(at: folder.file(name))
      try stored.write(to: folder.file("\(name)-copy"))
      #expect(try folder.names(in: "\(name)-copy") == names)
      let copy = try StoredTokenizer(at: folder.file("\(name)-copy"))
      let tokens = try copy.tokenizer.encode("the king's")
      #expect(try tokens == stored.tokenizer.encode("the king's"), "\(name)")
      #expect(copy.sha256 == stored.sha256, "\(name)")
    }
  }

  @Test func `a tokenizer is the same whatever its file is called`() throws {
    let bytes = try TokenizerFixture("gpt2").contents
    // What a tokenizer.json does not ask lies beside one of the copies.
    try folder.write("{}", to: "added_tokens.json")
    for name in ["mine.json", "mine"] {
      try Data(bytes).write(to: URL(filePath: folder.file(name)))
    }
    let copies = try ["small/tokenizer.json", "mine.json", "mine"].map {
      try StoredTokenizer(at: folder.file($0))
    }
    // Runs that were made with a folder's tokenizer have this one.
    let line = "\(SHA256.hex(bytes))  tokenizer.json\n"
    let hash = SHA256.hex(Array(line.utf8))
    #expect(try stored.sha256 == hash && copies.allSatisfy { $0.sha256 == hash })
    for copy in copies { _ = try TextCorpus(text(plays), by: copy, keptIn: [folder.path]) }
    #expect(try kept().count == 2)
    // What each of several files is for tells tokenizers apart as well.
    let (vocabulary, merges) = try TokenizerFixture("gpt2").ofGPT2
    try Data(vocabulary).write(to: URL(filePath: folder.file("vocab.json")))
    try Data(merges).write(to: URL(filePath: folder.file("merges.txt")))
    let pair = try StoredTokenizer(at: folder.file("vocab.json"))
    let lines =
      "\(SHA256.hex(vocabulary))  vocab.json\n\(SHA256.hex(merges))  merges.txt\n"
      + "\(SHA256.hex(Array("{}".utf8)))  added_tokens.json\n"
    #expect(pair.sha256 == SHA256.hex(Array(lines.utf8)))
  }

  @Test func `a tokenizer is written as it was read`() throws {
    try folder.write("{{ messages }}", to: "small/chat_template.jinja")
    let stored = try stored
    try stored.write(to: folder.file("copy"))
    #expect(try StoredTokenizer(at: folder.file("copy")).sha256 == stored.sha256)
    try StoredTokenizer(at: "byte").write(to: folder.file("bytes"))
    let bytes = try StoredTokenizer(at: folder.file("bytes")).tokenizer
    #expect(try bytes.encode("é") == [0xC3, 0xA9] && bytes.count == 256)
    try folder.write("{}", to: "small/tokenizer_config.json")
    #expect(try self.stored.sha256 != stored.sha256)
    // Whatever becomes of the files meanwhile: a training may take hours.
    try FileManager.default.removeItem(atPath: folder.file("small"))
    try stored.write(to: folder.file("third"))
    #expect(try StoredTokenizer(at: folder.file("third")).sha256 == stored.sha256)
    #expect(try AtomicFile.read(folder.file("third/chat_template.jinja")) == "{{ messages }}")
  }
}
