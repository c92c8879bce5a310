// Numbers of few digits: the doubles that the C library reads.

import Config
import Testing

@Suite struct ShortNumberTests {
  private func bits(_ text: String) throws -> UInt64? {
    guard case .real(let value) = try JSON(reading: text) else { return nil }
    return value.bitPattern
  }

  @Test(arguments: [
    "0.0", "-0.0", "0.1", "-2.5", "37.5", "1e22", "1e23", "-1E-22", "1e-23", "3e+7", "1e007",
    "9007199254740992.0", "9007199254740993.0", "900719925474099.3", "9.007199254740993",
    "0.000001", "123456789012345678.0", "0.1e-21", "0.1e-22", "1.7976931348623157e308", "5e-324",
    "1e-400", "0e999", "0.00000000000000000000000000000000001",
    "1.00000000000000000000000000000000000",
  ])
  func `what is at the edge of few digits is read as ever`(text: String) throws {
    #expect(try bits(text) == Double(text)?.bitPattern)
  }

  @Test func `numbers of any length are those of the library`() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let digits =
        UInt64.random(in: 0...UInt64.max, using: &random)
        >> UInt64.random(in: 0...63, using: &random)
      let fraction = UInt64.random(in: 0..<100_000, using: &random)
      let exponent = Int.random(in: -40...40, using: &random)
      let text = "\(Bool.random() ? "-" : "")\(digits).\(fraction)e\(exponent)"
      #expect(try bits(text) == Double(text)?.bitPattern, "\(text)")
    }
  }
}
