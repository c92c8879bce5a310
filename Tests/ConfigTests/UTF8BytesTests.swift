// Texts as bytes: where a byte stands, and the lines of a text.

import Config
import Testing

@Suite struct UTF8BytesTests {
  @Test func `a byte is found from a place on`() {
    let bytes = Array("abcab".utf8)
    let (a, b) = (UInt8(ascii: "a"), UInt8(ascii: "b"))
    #expect((0...5).map { bytes.firstIndex(of: a, from: $0) } == [0, 3, 3, 3, nil, nil])
    #expect(bytes.firstIndex(of: b, from: 2) == 4)
    #expect([UInt8]().firstIndex(of: a, from: 0) == nil)
  }

  @Test func `lines have no newlines, and the last may lack its own`() {
    func lines(_ text: String) -> [String] {
      let bytes = Array(text.utf8)
      return bytes.lineRanges.map { Array(bytes[$0]).text }
    }
    #expect(lines("") == [])
    #expect(lines("a\n\nbc\n") == ["a", "", "bc"])
    #expect(lines("a\nb") == ["a", "b"])
  }
}
