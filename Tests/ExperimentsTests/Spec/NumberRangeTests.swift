// Ranges: what they stand for, digit by digit, and what is said about those that are wrong.

import Config
import Experiments
import Testing

@Suite struct NumberRangeTests {
  private func read(_ yaml: String) throws -> (texts: [String], faults: [String]) {
    let root = try YAML.parse(text: "axis: \(yaml)\n", name: "x.yaml").root
    var faults: [Fault] = []
    let nodes = NumberRange.nodes(of: try #require(root["axis"])) {
      faults.append(Fault($0, at: $1))
    }
    return (nodes.map { $0.value.inlineYAML }, faults.map(\.message))
  }

  @Test(arguments: [
    ("1..4", ["1", "2", "3", "4"]),
    ("128..1024*2", ["128", "256", "512", "1024"]),
    ("128..1000*2", ["128", "256", "512"]),
    ("0..100+25", ["0", "25", "50", "75", "100"]),
    ("-10..10+10", ["-10", "0", "10"]),
    ("7..7", ["7"]),
    ("1e-4..1e-1*10", ["0.0001", "0.001", "0.01", "0.1"]),
    ("1e-6..1e-5*10", ["1.0e-06", "1.0e-05"]),
    ("0.1..0.5+0.1", ["0.1", "0.2", "0.3", "0.4", "0.5"]),
    ("0..1+.25", ["0", "0.25", "0.5", "0.75", "1"]),
    ("2000..7000*1.5", ["2000", "3000", "4500", "6750"]),
    ("1e2..1e+3+4e2", ["100", "500", "900"]),
    ("1 .. 3", ["1", "2", "3"]),
    ("[64, 128..256*2, none]", ["64", "128", "256", "none"]),
    ("\"1..3\"", ["\"1..3\""]),
    ("../data", ["\"../data\""]),
    ("a..b", ["a..b"]),
    ("[v1..2, text]", ["v1..2", "text"]),
  ])
  func rangesStandForTheirNumbers(yaml: String, expected: [String]) throws {
    let found = try read(yaml)
    #expect(found.faults.isEmpty)
    #expect(found.texts == expected)
  }

  @Test(arguments: [
    ("1..10*1", "the range '1..10*1' never ends: its factor must be above 1"),
    ("1..10*0.5", "the range '1..10*0.5' never ends: its factor must be above 1"),
    ("1..10+0", "the range '1..10+0' never ends: its step must be above 0"),
    ("1..10+-1", "the range '1..10+-1' never ends: its step must be above 0"),
    ("0..10*2", "the range '0..10*2' is multiplied, so it must begin above 0"),
    ("10..1", "the range '10..1' is empty: write the lower end first"),
    ("1..1e9", "the range '1..1e9' has more than 10000 values"),
    ("1...5", "the range '1...5' must be written with two dots, such as 1..10"),
    (
      "010..20",
      "in the range '010..20' '010' is not a number: write 10, without the leading zero"
    ),
    (
      "1..",
      "in the range '1..' a number is missing: write 128..8192*2, 0..100+10 or 1..10, or put a "
        + "text in quotes"
    ),
    (
      "1..ten",
      "in the range '1..ten' 'ten' is not a number: write 128..8192*2, 0..100+10 or 1..10, or put "
        + "a text in quotes"
    ),
  ])
  func wrongRangesSayWhy(yaml: String, message: String) throws {
    let found = try read(yaml)
    #expect(found.faults == [message])
    #expect(found.texts.isEmpty)
  }

  /// No sum of steps, each rounded, ends where the last one should be.
  @Test func aThousandStepsKeepTheirDigits() throws {
    let found = try read("0..100+0.1")
    #expect(found.texts.count == 1001)
    #expect(found.texts[777] == "77.7")
    #expect(found.texts.allSatisfy { $0.count <= 4 || $0 == "100" })
  }

  @Test func numbersBeyondSixtyFourBitsAreCountedToo() throws {
    #expect(try read("1..1e30*10").texts.count == 31)
    #expect(try read("1..1e30*3").texts.count == 63)
    #expect(try read("1..1e300*1e10").texts.last == "1.0e+300")
    #expect(try read("9e18..9.2e18+1e17").texts.count == 3)
  }
}
