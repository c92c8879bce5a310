// Mutated files never crash or hang the reader, and every fault can be shown.

import Config
import Testing

@Suite struct FuzzTests {
  /// A small repeatable generator (xorshift), so that a failure can be run again.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  private static let sample = """
    # A sample with most of what YAML has.
    layers: 6
    width: 256          # channels
    norm: {type: layernorm, epsilon: 1.0e-5}
    attention: &a
      type: gqa
      heads: 8
      kv_heads: 4
      window: [64, none, 128]
      "kernel": 'flash2'
      bias: false
    extra: [*a, *a, "größe\\n\\u00e9", {x: ~, y: null}]
    text: |
      several
       lines
    folded: >-
      one
      two

    """
  private static let tokens = [
    ": ", "- ", "[", "]", "{", "}", "*a", "&a ", "\t", "\n", "\r\n", "'", "\"", "#", "?", "|", ">",
    "!!x ", "%", "---\n", "...\n", "<<", "~", "010", "1:30", "\u{0}", "\u{85}", "\u{2028}", ",",
    "é", "日", "\u{FEFF}", "  ", "type: ", "@", "`", "\\", "1e999", "-", ".",
  ]

  @Test(.timeLimit(.minutes(30)), arguments: 0..<4)
  func mutationsOfASampleNeverCrashTheReader(seed: Int) {
    var generator = Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
    var accepted = 0
    for _ in 0..<1000 {
      let mutated = mutate(Array(Self.sample.utf8), &generator)
      do throws(Faults) {
        let document = try YAML.parse(bytes: mutated, name: "fuzz.yaml")
        let recorder = Recorder()
        let section = Section(root: document.root, recorder: recorder)
        readModel(section)
        for fault in recorder.finish() { #expect(fault.text.contains("fuzz.yaml:")) }
        // What was resolved is read again without a fault, whatever was wrong before.
        let again = try YAML.parse(text: section.recording.value.yaml, name: "again")
        #expect(again.root.entries?.isEmpty == false)
        _ = document.root.overlaid(by: again.root).value.yaml
        accepted += 1
      } catch {
        #expect(!error.all.isEmpty)
        #expect(error.text.contains("error: "))
      }
    }
    #expect(accepted > 0)
  }

  private func mutate(_ bytes: [UInt8], _ generator: inout Generator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...5, using: &generator) {
      let place = Int.random(in: 0...bytes.count, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
      case 1:
        let end = min(bytes.count, place + Int.random(in: 0...20, using: &generator))
        bytes.removeSubrange(place..<end)
      case 2:
        let end = min(bytes.count, place + Int.random(in: 0...40, using: &generator))
        bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
      case 3: bytes = Array(bytes.prefix(max(1, place)))
      default:
        let token = Self.tokens.randomElement(using: &generator) ?? ""
        bytes.insert(contentsOf: Array(token.utf8), at: place)
      }
    }
    return bytes
  }
}
