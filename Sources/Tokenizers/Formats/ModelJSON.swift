// ModelJSON: the `model` of a tokenizer.json, with all tokens and merges, which go by as bytes: as
// JSON values they would take a second.

import Config

/// What a `model` says.
struct ModelJSON {
  private(set) var isRead = false
  private var type: String?
  private var strings = PackedStrings()
  private var ids: [Int] = []
  private var merges = MergeList()
  private var hasMerges = false
  private var options: [JSON.Member] = []

  /// Reads it where it begins.
  mutating func read(_ reader: inout JSONReader) throws {
    isRead = true
    var seen: Set<String> = []
    try reader.openObject()
    while let key = try reader.nextKey() {
      guard seen.insert(key).inserted else {
        throw TokenizerError(at: "model.\(key)", "it is there twice")
      }
      switch key {
      case "type":
        let type = try reader.text()
        guard type == "BPE" else {
          throw TokenizerError(at: "model.type", "'\(type)' cannot be read; what can: BPE")
        }
      case "vocab":
        if reader.isAt("[") {
          throw TokenizerError(at: "model.vocab", "it is a list, as 'Unigram' has it, not 'BPE'")
        }
        try readVocabulary(&reader)
      case "merges": try readMerges(&reader)
      default: options.append(JSON.Member(key, try reader.value()))
      }
    }
  }

  private mutating func readVocabulary(_ reader: inout JSONReader) throws {
    try reader.openObject()
    while try strings.append({ (bytes) throws(JSONError) in
      try reader.nextKey(appendedTo: &bytes)
    }) {
      ids.append(try reader.whole())
    }
    strings.removeLast()
  }

  private mutating func readMerges(_ reader: inout JSONReader) throws {
    hasMerges = true
    try reader.openArray()
    while try reader.nextElement() {
      guard reader.isAt("[") else {
        try merges.append { (bytes) throws(JSONError) in try reader.text(appendedTo: &bytes) }
        continue
      }
      try reader.openArray()
      var count = 0
      while try reader.nextElement() {
        count += 1
        try merges.appendPart { (bytes) throws(JSONError) in
          try reader.text(appendedTo: &bytes)
        }
      }
      guard count == 2 else {
        throw TokenizerError(
          at: "model.merges[\(merges.count)]", "it has \(count) parts, and must have 2")
      }
    }
  }

  /// - Parameters:
  ///   - isOfBytes: whether the pre-tokenizer makes bytes the characters.
  ///   - added: tokens beside the vocabulary, of which one may be that of unknown characters.
  func bpe(isOfBytes: Bool, added: [AddedToken]) throws(TokenizerError) -> BPE {
    guard strings.count > 0 else { throw TokenizerError(at: "model.vocab", "it has no tokens") }
    guard hasMerges else {
      throw TokenizerError(
        at: "model.merges", "it is missing; a model without any has an empty list")
    }
    let part = JSONPart(value: .object(options), path: "model")
    var bpe = BPE.Options()
    bpe.isOfBytes = isOfBytes
    bpe.fusesUnknown = try part.bool("fuse_unk", absent: false)
    bpe.ignoresMerges = try part.bool("ignore_merges", absent: false)
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let affix = part.part(key), try !affix.text().isEmpty {
        throw affix.fault("it is '\(try affix.text())', and only the empty one can be read")
      }
    }
    if let dropout = part.part("dropout"), dropout.value.number != 0 {
      throw dropout.fault("a random choice of merges cannot be made; null can be read")
    }
    let builder = try BPEBuilder(strings, ids: ids, isOfBytes: isOfBytes)
    if try part.bool("byte_fallback", absent: false) {
      bpe.byteFallback = (0..<256).map {
        builder.id(of: ByteFallbackDecoder.token(of: UInt8($0))) ?? -1
      }
    }
    if let unknown = part.part("unk_token") {
      let content = try unknown.bytes()
      let id = builder.id(of: try unknown.text())
      bpe.unknown = id ?? added.first { $0.content == content }?.id
      if bpe.unknown == nil {
        throw unknown.fault("'\(try unknown.text())' is not in the vocabulary")
      }
    }
    return try builder.bpe(merges, bpe)
  }
}

/// Merges as a file has them: two parts each.
struct MergeList {
  /// The first part and the second one, in turn.
  private(set) var parts = PackedStrings()

  var count: Int { parts.count / 2 }

  /// Appends a part.
  mutating func appendPart<Failure: Error>(
    _ write: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    try parts.append(write)
  }

  /// Appends a merge that is written as two parts with a blank between them.
  ///
  /// - Throws: `TokenizerError` where there are not two.
  mutating func append<Failure: Error>(
    _ write: (inout [UInt8]) throws(Failure) -> Void
  ) throws {
    var text: [UInt8] = []
    try write(&text)
    guard let blank = text.firstIndex(of: UInt8(ascii: " ")),
      !text[(blank + 1)...].contains(UInt8(ascii: " "))
    else {
      throw TokenizerError(
        at: "model.merges[\(count)]",
        "'\(String(decoding: text, as: UTF8.self))' is not two tokens with a blank between them")
    }
    parts.append(text[..<blank])
    parts.append(text[(blank + 1)...])
  }
}
