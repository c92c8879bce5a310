// What of a file is read, and with which sentence the rest is refused.

import MutatedTokenizers
import TestSupport
import Testing
import Tokenizers

@Suite("files of tokenizers")
struct ReaderTests {
  private static let model =
    #"{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]}"#

  private func json(_ members: String, model: String = model) -> [UInt8] {
    Array(#"{"version":"1.0",\#(members)"model":\#(model)}"#.utf8)
  }

  private func problem(_ members: String, model: String = model) -> String {
    TokenizersTests.problem { _ = try Tokenizer(contents: json(members, model: model)) }
  }

  @Test func `merges are pairs or lines`() throws {
    for merges in [#"["a b"]"#, #"[["a","b"]]"#] {
      let model = #"{"merges":\#(merges),"vocab":{"a":0,"b":1,"ab":2}}"#
      #expect(try Tokenizer(contents: json("", model: model)).encode("aab") == [0, 2])
    }
  }

  @Test func `what is not known is refused by its name`() {
    #expect(
      problem(#""normalizer":{"type":"Nmt"},"#)
        == "'normalizer.type': 'Nmt' cannot be read; what can: NFC, NFKC, NFD, NFKD, Replace, Prepend, "
        + "Strip, Lowercase, Sequence")
    #expect(
      problem(
        #""pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits"},{"type":"Bert"}]},"#
      ).hasPrefix("'pre_tokenizer.pretokenizers[1].type': 'Bert' cannot be read"))
    #expect(problem(#""post_processor":{"type":"BertProcessing"},"#).contains("'BertProcessing'"))
    #expect(problem(#""decoder":{"type":"CTC"},"#).hasPrefix("'decoder.type': 'CTC'"))
    #expect(
      problem("", model: #"{"type":"Unigram","vocab":[]}"#)
        == "'model.type': 'Unigram' cannot be read; what can: BPE")
  }

  @Test func `what makes no tokens is passed over`() throws {
    let model =
      #"{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"],"newer":{"type":"x"}}"#
    let text =
      #"{"version":"2.0","truncation":{"direction":"Right","max_length":2,"strategy":"LongestFirst","#
      + #""stride":0},"padding":{"strategy":{"Fixed":9},"pad_id":0},"other":[1],"model":\#(model)}"#
    #expect(try Tokenizer(contents: Array(text.utf8)).encode("aabab") == [0, 2, 2])
    for pattern in [#"\\G"#, #"\\y"#, #"\\Y"#, "(?~ab)"] {
      let split =
        #"{"type":"Split","pattern":{"Regex":"\#(pattern)"},"behavior":"Isolated","invert":false}"#
      #expect(
        problem(#""pre_tokenizer":\#(split),"#).contains("regular expression"), "\(pattern)")
    }
  }

  @Test func `what is wrong is said at its key`() {
    #expect(
      problem("", model: #"{"vocab":{"a":0},"merges":["a b"]}"#)
        == "merge 0, of 'a' and 'b', has a part or a result that is no token")
    #expect(
      problem("", model: #"{"vocab":{"a":0,"b":0},"merges":[]}"#)
        == "two tokens have the id 0, one of them 'b'")
    #expect(
      problem("", model: #"{"vocab":{"a":0,"a":1},"merges":[]}"#) == "the token 'a' is there twice")
    #expect(
      problem("", model: #"{"vocab":{"a":2000000000},"merges":[]}"#)
        == "the token 'a' has the id 2000000000, far beyond the number of tokens, 1")
    #expect(
      problem("", model: #"{"vocab":{"a":-1},"merges":[]}"#)
        == "the token 'a' has the id -1, which is below 0")
    #expect(
      problem("", model: #"{"vocab":{"a":0},"merges":[],"unk_token":"x"}"#)
        == "'model.unk_token': 'x' is not in the vocabulary")
    #expect(
      problem("", model: #"{"vocab":{"a":0},"merges":[],"dropout":0.1}"#)
        == "'model.dropout': a random choice of merges cannot be made; null can be read")
    #expect(
      problem(
        #""post_processor":{"type":"RobertaProcessing","cls":["a"],"sep":["a",0]},"#)
        == "'post_processor.cls': a token and its id are expected")
    #expect(
      problem(#""added_tokens":[{"id":1,"content":"a"}],"#)
        == "'added_tokens[0]': 'a' has the id 1, and 0 in the vocabulary")
    #expect(
      problem(
        #""pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated"},"#
      ).hasPrefix(
        "'pre_tokenizer.pattern.Regex': the regular expression '(a' cannot be compiled: "))
    #expect(
      problem("", model: "[]").hasPrefix(
        "not as expected: a list where an object must be, at byte "))
  }

  @Test(arguments: [
    // What a normalizer leaves nothing of has taken time as well.
    "", #""normalizer":{"type":"Replace","pattern":{"String":"a"},"content":""},"#,
  ])
  func `a text of many stretches has no more time than one`(normalizer: String) throws {
    let added = #""added_tokens":[{"id":1,"content":"<x>"}],"#
    let model = #""model":{"type":"BPE","vocab":{"a":0},"merges":[]}"#
    let tokenizer = try Tokenizer(contents: Array("{\(added)\(normalizer)\(model)}".utf8))
    let text = Array("a<x>a<x>a".utf8)
    #expect(try tokenizer.encoding(of: text).tokens.filter { $0 == 1 }.count == 2)
    #expect(
      TokenizersTests.problem {
        _ = try tokenizer.encoding(of: text, allowance: Allowance(seconds: 0))
      } == "the text has taken more time than any known tokenizer needs for it")
  }

  @Test func `a tokenizer without merges says so by an empty list`() throws {
    #expect(
      problem("", model: #"{"vocab":{"a":0}}"#)
        == "'model.merges': it is missing; a model without any has an empty list")
  }

  @Test func `a regular expression that never ends is given up`() throws {
    let split =
      #""pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?:a+)+$(?<=b)"},"behavior":"Isolated"},"#
    let tokenizer = try Tokenizer(contents: json(split))
    let text = String(repeating: "a", count: 64) + "c"
    #expect(
      TokenizersTests.problem { _ = try tokenizer.encode(text) }
        .hasPrefix("the regular expression '(?:a+)+$(?<=b)' does not match in time: "))
  }

  @Test func `one that looks at all of a text from each place is given up`() throws {
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    for pattern in ["a*[bc]|.", "(?:a|d)*[bc]", "a*[ad]*[bc]"] {
      let regex = try Regex(pattern)
      let matcher = try Regex.Matcher(Allowance(seconds: 0.2))
      let start = threadSeconds()
      let said = text.withUnsafeBufferPointer { text in
        TokenizersTests.problem { try regex.forEachMatch(in: text, with: matcher) { _, _ in } }
      }
      #expect(said.contains("does not match in time: it has taken too long"), "\(pattern): \(said)")
      #expect(threadSeconds() - start < 20)
    }
  }

  @Test func `a text of one piece takes time in proportion to its length`() throws {
    let parts = [
      "a", "ab", " ", "\n", "A", "1", "!", "é", "e\u{301}", "\u{301}", "🙂", "你", " a", "▁",
    ]
    for name in TokenizerFixture.ofJSON + TokenizerFixture.ofSentencePiece {
      let tokenizer = try TokenizerFixture(name).tokenizer
      for part in parts {
        let text = Array(String(repeating: part, count: 100_000 / part.utf8.count).utf8)
        for end in ["", "x"] {
          let start = threadSeconds()
          _ = try tokenizer.encode(text + end.utf8)
          let seconds = threadSeconds() - start
          #expect(seconds < 1, "\(name), \(part.debugDescription): \(seconds) s")
        }
      }
    }
  }

  @Test func `intervals are Ruby's`() throws {
    func pieces(_ pattern: String, _ text: String) throws -> [String] {
      var pieces = Pieces(Array(text.utf8), isAtStart: true)
      try Split(.regex(try Regex(pattern)), .isolated).cut(&pieces)
      return pieces.ranges.map { String(decoding: Array(text.utf8)[$0.range], as: UTF8.self) }
    }
    #expect(try pieces(#"\p{N}{1,3}"#, "1234a") == ["123", "4", "a"])
    // There a + repeats what an interval says.
    #expect(try pieces(#"\p{N}{1,3}+"#, "1234a") == ["1234", "a"])
    #expect(try pieces(#"b{,2}a"#, "bbba") == ["b", "bba"])
    #expect(try pieces(#"\x{61}+"#, "aab") == ["aa", "b"])
    #expect(
      TokenizersTests.problem { _ = try Regex("a{2}+") }
        == "+ behind an interval of more than one cannot be read in the regular expression 'a{2}+'")
  }

  @Test func `invalid UTF-8 counts as U+FFFD`() throws {
    let tokenizer = try TokenizerFixture("gpt2").tokenizer
    let bytes: [UInt8] = [0x61, 0xFF, 0xE4, 0xBD, 0x62, 0xF0, 0x9F, 0x99, 0xC0]
    #expect(try tokenizer.encode(bytes) == tokenizer.encode("a\u{FFFD}\u{FFFD}b\u{FFFD}\u{FFFD}"))
    #expect(tokenizer.decode(try tokenizer.encode(bytes)) == "a\u{FFFD}\u{FFFD}b\u{FFFD}\u{FFFD}")
  }

  @Test func `a character whose bytes come one by one is held back until it is whole`() throws {
    var stream = StreamingDecoder(try Tokenizer.ofBytes)
    let parts = Array("é🙂".utf8).map { stream.append(Int32($0)) }
    #expect(parts == ["", "é", "", "", "", "🙂"])
    // An E0 is followed by A0 or more; what cannot become a character does not wait.
    #expect([0xE0, 0x80, 0x41].map { stream.append($0) } == ["", "\u{FFFD}\u{FFFD}", "A"])
    #expect(stream.append(0xF0) == "")
    #expect(stream.finish() == "\u{FFFD}")
  }

  @Test func `bytes in a row are text or not as a whole, and wait until they end`() throws {
    // 0 to 255 are the bytes, 256 is ▁a, 257 a special token.
    let tokenizer = try Tokenizer(contents: Array(Self.byteFallback.utf8))
    func parts(_ ids: [Int32]) -> [String] {
      var stream = StreamingDecoder(tokenizer)
      return ids.map { stream.append($0) } + [stream.finish()]
    }
    #expect(parts([256, 0xC3, 0xA9, 256]) == ["a", "", "", "é a", ""])
    // A byte that is none makes none of all in its row.
    #expect(parts([0x41, 0xFF, 256]) == ["", "", "\u{FFFD}\u{FFFD} a", ""])
    #expect(parts([256, 0x41, 257, 0xC3]) == ["a", "", "", "", "\u{FFFD}\u{FFFD}"])
    #expect(tokenizer.decode([256, 0x41, 257, 0xC3]) == "a\u{FFFD}\u{FFFD}")
    #expect(parts([0x20, 0x41]) == ["", "", "A"])
    #expect(parts([]) == [""])
  }

  @Test func `what a row would be is known before it ends`() throws {
    var stream = StreamingDecoder(try Tokenizer(contents: Array(Self.byteFallback.utf8)))
    #expect(stream.append(256) == "a" && stream.pending == "")
    #expect(stream.append(0x0A) == "" && stream.pending == "\n" && stream.pending == "\n")
    #expect(stream.append(0xFF) == "" && stream.pending == "\u{FFFD}\u{FFFD}")
    #expect(stream.finish() == "\u{FFFD}\u{FFFD}")
  }

  @Test func `a character in parts is whole beside tokens of bytes as well`() throws {
    // What decodes characters that stand for bytes comes behind what decodes tokens of bytes.
    let text = #"""
      {"model":{"type":"BPE","merges":[],"vocab":{"Ã":0,"©":1,"<0x41>":2,"<0xFF>":3}},
       "decoder":{"type":"Sequence","decoders":[
         {"type":"ByteFallback"},{"type":"Fuse"},{"type":"ByteLevel"}]}}
      """#
    let tokenizer = try Tokenizer(contents: Array(text.utf8))
    for ids in [[0, 1], [2, 0, 1], [0, 1, 2]] as [[Int32]] {
      var stream = StreamingDecoder(tokenizer)
      let streamed = ids.map { stream.append($0) }.joined() + stream.finish()
      #expect(streamed == tokenizer.decode(ids), "\(ids)")
    }
  }

  @Test func `a row that is ended is decided, and what follows is behind it`() throws {
    let tokenizer = try Tokenizer(contents: Array(Self.byteFallback.utf8))
    for (before, after, texts) in [
      ([0x0A], [0xFF, 256], ["\n", "\u{FFFD} a"]), ([256, 0x0A], [256], ["a\n", " a"]),
      ([256], [256], ["a", " a"]), ([0x20], [256], ["", " a"]),
      ([0xC3], [0xA9], ["\u{FFFD}", "\u{FFFD}"]),
    ] as [([Int32], [Int32], [String])] {
      var stream = StreamingDecoder(tokenizer)
      let first = before.map { stream.append($0) }.joined() + stream.endRun()
      let second = after.map { stream.append($0) }.joined() + stream.finish()
      #expect([first, second] == texts, "\(before), \(after)")
    }
  }

  /// Bytes, ▁a and a special token, as Llama 2's files decode them.
  private static var byteFallback: String {
    let bytes = (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return "\"<0x\(digits.count < 2 ? "0" : "")\(digits)>\":\(byte)"
    }
    return #"""
      {"added_tokens":[{"id":257,"content":"<s>","special":true}],
       "decoder":{"type":"Sequence","decoders":[
         {"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},
         {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
       "model":{"type":"BPE","byte_fallback":true,"merges":[],
         "vocab":{\#(bytes.joined(separator: ",")),"▁a":256}}}
      """#
  }

  @Test func `characters and bytes as tokens are files that are read again`() throws {
    let scalars = Array("\n \"\\aé你🙂".unicodeScalars)
    let characters = try Tokenizer(characters: scalars)
    #expect(characters.count == scalars.count)
    #expect(try characters.encode("a 🙂\"x") == [4, 1, 7, 2])
    #expect(characters.decode([7, 6, 0, 5]) == "🙂你\né")
    let bytes = try Tokenizer.ofBytes
    #expect(bytes.count == 256)
    #expect(try bytes.encode("a é\n") == Array("a é\n".utf8).map { Int32($0) })
    #expect(bytes.bytes(of: [0xFF, 0x41]) == [0xFF, 0x41])
  }

  @Test func `a folder is read by the file that it has`() throws {
    let folder = try TemporaryFolder()
    #expect(!Tokenizer.isAt(folder.path))
    #expect(
      TokenizersTests.problem { _ = try Tokenizer.open(folder.path) }.contains(
        "there is no tokenizer.json, no tokenizer.model, and no vocab.json with a merges.txt"))
    let (vocabulary, merges) = try TokenizerFixture("gpt2").ofGPT2
    try folder.write(String(decoding: vocabulary, as: UTF8.self), to: "vocab.json")
    try folder.write(String(decoding: merges, as: UTF8.self), to: "merges.txt")
    #expect(try Tokenizer.open(folder.path).eos == 0)
    #expect(try Tokenizer.open(folder.file("merges.txt")).eos == 0)
    try folder.write(String(decoding: json(""), as: UTF8.self), to: "tokenizer.json")
    try folder.write(
      #"{"bos_token":{"content":"a"},"eos_token":"ab"}"#, to: "tokenizer_config.json")
    let tokenizer = try Tokenizer.open(folder.path)
    #expect(tokenizer.bos == 0 && tokenizer.eos == 2)
    try folder.write("{", to: "tokenizer_config.json")
    #expect(
      TokenizersTests.problem { _ = try Tokenizer.open(folder.path) }
        .contains("tokenizer_config.json"))
  }

  @Test func `a list of tiktoken's ranks is told from a SentencePiece model`() {
    #expect(
      TokenizersTests.problem { _ = try Tokenizer(contents: Array("IQ== 0\nIg== 1\n".utf8)) }
        .hasPrefix("it is a list of tiktoken's ranks"))
  }
}
