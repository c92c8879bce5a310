// CSV text after RFC 4180.

import Records
import Testing

@Suite struct CSVTests {
  @Test func `fields are quoted only where they must be`() {
    #expect(
      CSV.line(["plain", "a,b", "say \"x\"", "two\nlines", " edge"])
        == "plain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\" edge\"\n")
  }

  @Test func `a missing field is empty and an empty string is quoted`() {
    #expect(CSV.line([nil, "", nil]) == ",\"\",\n")
    #expect(CSV.line([nil]) == "\"\"\n")
  }

  @Test func `what is written is read back as it was`() {
    let rows: [[String?]] = [
      ["a", nil, ""], ["x,y", "q\"q", "l\nl"], ["\r", "é中", nil],
    ]
    #expect(CSV.rows(reading: rows.map(CSV.line).joined()) == rows)
  }

  @Test func `a last line without an end and CRLF line ends are read`() {
    #expect(CSV.rows(reading: "a,b\r\n1,2") == [["a", "b"], ["1", "2"]])
    #expect(CSV.rows(reading: "") == [])
  }
}
