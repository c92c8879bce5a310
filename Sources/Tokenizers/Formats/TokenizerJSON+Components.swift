// The components that a tokenizer.json names, each from its keys; one that is not known is refused
// by its name.

import Config

extension JSONPart {
  /// A part's type.
  private var type: String {
    get throws(TokenizerError) { try needed("type").text() }
  }

  /// The components of a `Sequence`, which are few and do not nest deeply.
  private func sequence<Component>(
    _ key: String, _ read: (JSONPart) throws(TokenizerError) -> Component
  ) throws(TokenizerError) -> [Component] {
    var components: [Component] = []
    for part in try needed(key).list() { components.append(try read(part)) }
    return components
  }

  /// `{"String": ...}` or `{"Regex": ...}`.
  private func pattern() throws(TokenizerError) -> TextPattern {
    let part = try needed("pattern")
    if let text = part.part("String") { return .text(try text.bytes()) }
    let regex = try part.needed("Regex")
    do {
      return .regex(try Regex(try regex.text()))
    } catch {
      throw regex.fault(error.description)
    }
  }

  func normalizer() throws(TokenizerError) -> any Normalizer {
    let type = try type
    switch type {
    case "NFC", "NFKC", "NFD", "NFKD": return NormalForm(rawValue: type) ?? .NFC
    case "Replace":
      return ReplaceNormalizer(pattern: try pattern(), content: try needed("content").bytes())
    case "Prepend": return PrependNormalizer(prefix: try needed("prepend").bytes())
    case "Strip":
      return StripNormalizer(
        left: try bool("strip_left", absent: true), right: try bool("strip_right", absent: true))
    case "Lowercase": return LowercaseNormalizer()
    case "Sequence":
      return NormalizerSequence(
        parts: try sequence("normalizers") { (part) throws(TokenizerError) in
          try part.normalizer()
        })
    default:
      throw refusal(
        of: type,
        known: [
          "NFC", "NFKC", "NFD", "NFKD", "Replace", "Prepend", "Strip", "Lowercase", "Sequence",
        ])
    }
  }

  /// A pre-tokenizer, and whether its pieces consist of bytes.
  func preTokenizer() throws(TokenizerError) -> (preTokenizer: any PreTokenizer, isOfBytes: Bool) {
    let type = try type
    switch type {
    case "Split":
      let behavior = try word("behavior", absent: SplitBehavior.isolated, of: SplitBehavior.all)
      return (
        Split(try pattern(), behavior, invert: try bool("invert", absent: false)), false
      )
    case "ByteLevel":
      return (
        try ByteLevel(
          addsSpace: try bool("add_prefix_space", absent: true),
          usesRegex: try bool("use_regex", absent: true)), true
      )
    case "Metaspace": return (try metaspace(), false)
    case "Digits":
      return (
        CharacterSplit.digits(individually: try bool("individual_digits", absent: false)), false
      )
    case "Punctuation":
      let behavior = try word("behavior", absent: SplitBehavior.isolated, of: SplitBehavior.all)
      return (CharacterSplit.punctuation(behavior), false)
    case "Whitespace": return (WhitespaceSplit(), false)
    case "Sequence":
      var parts: [any PreTokenizer] = []
      var isOfBytes = false
      for part in try needed("pretokenizers").list() {
        if isOfBytes { throw part.fault("nothing can follow 'ByteLevel', whose pieces are bytes") }
        let next = try part.preTokenizer()
        parts.append(next.preTokenizer)
        isOfBytes = next.isOfBytes
      }
      return (PreTokenizerSequence(parts: parts), isOfBytes)
    default:
      throw refusal(
        of: type,
        known: [
          "Split", "ByteLevel", "Metaspace", "Digits", "Whitespace", "Punctuation", "Sequence",
        ])
    }
  }

  private func metaspace() throws(TokenizerError) -> Metaspace {
    // Files from before there was a scheme say whether a blank is put first.
    let isAdded = try bool("add_prefix_space", absent: true)
    return Metaspace(
      replacement: try needed("replacement").character(),
      scheme: try word(
        "prepend_scheme", absent: isAdded ? .always : .never, of: [.always, .first, .never]),
      splits: try bool("split", absent: true))
  }

  func postProcessor() throws(TokenizerError) -> PostProcessor {
    let type = try type
    switch type {
    case "ByteLevel": return PostProcessor()
    case "TemplateProcessing": return try template()
    case "RobertaProcessing":
      return PostProcessor(
        before: [try needed("cls").idOfToken()], after: [try needed("sep").idOfToken()])
    case "Sequence":
      var result = PostProcessor()
      for part in try needed("processors").list() { result.wrap(in: try part.postProcessor()) }
      return result
    default:
      throw refusal(
        of: type, known: ["TemplateProcessing", "RobertaProcessing", "ByteLevel", "Sequence"])
    }
  }

  /// Of a token and its id.
  private func idOfToken() throws(TokenizerError) -> Int32 {
    let pair = try list()
    guard pair.count == 2 else { throw fault("a token and its id are expected") }
    return Int32(try pair[1].whole())
  }

  private func template() throws(TokenizerError) -> PostProcessor {
    var result = PostProcessor()
    var isBehind = false
    for item in try needed("single").list() {
      if item.part("Sequence") != nil {
        guard !isBehind else { throw item.fault("the text is there twice") }
        isBehind = true
        continue
      }
      let name = try item.needed("SpecialToken").needed("id").text()
      for id in try needed("special_tokens").needed(name).needed("ids").list() {
        let id = Int32(try id.whole())
        if isBehind { result.after.append(id) } else { result.before.append(id) }
      }
    }
    guard isBehind else { throw try needed("single").fault("the text is missing") }
    return result
  }

  func decoder() throws(TokenizerError) -> any Decoder {
    let type = try type
    switch type {
    case "ByteLevel": return ByteLevelDecoder()
    case "ByteFallback": return ByteFallbackDecoder()
    case "Fuse": return FuseDecoder()
    case "Replace":
      return ReplaceDecoder(pattern: try pattern(), content: try needed("content").bytes())
    case "Strip":
      return StripDecoder(
        content: try needed("content").character(), start: try count("start"),
        stop: try count("stop"))
    case "Metaspace":
      let metaspace = try metaspace()
      return MetaspaceDecoder(
        replacement: metaspace.replacement, isPrepended: metaspace.scheme != .never)
    case "Sequence":
      return DecoderSequence(
        parts: try sequence("decoders") { (part) throws(TokenizerError) in try part.decoder() })
    default:
      throw refusal(
        of: type,
        known: ["ByteLevel", "ByteFallback", "Fuse", "Replace", "Strip", "Metaspace", "Sequence"])
    }
  }

  /// How many characters at an end go.
  private func count(_ key: String) throws(TokenizerError) -> Int {
    let part = try needed(key)
    let count = try part.whole()
    guard count <= 1000 else { throw part.fault("\(count) is more than 1000") }
    return count
  }
}

extension SplitBehavior {
  fileprivate static let all: [SplitBehavior] = [
    .removed, .isolated, .mergedWithPrevious, .mergedWithNext, .contiguous,
  ]
}
