// scripts/tune, the search for the sizes of the CPU's blocks: what it tries.

import Foundation
import Testing

@Suite(.enabled(if: BenchTests.python != nil)) struct TuneTests {
  /// What is tried on an instruction set, a line each.
  private func tried(_ arguments: String...) throws -> [String] {
    let process = Process()
    process.executableURL = URL(filePath: try #require(BenchTests.python))
    process.arguments = ["-B", Repository.path("scripts/tune"), "--list"] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(arguments)")
    return said.split(separator: "\n").map(String.init)
  }

  /// What is best on one processor was found on another: AVX-512 has two tiles of products.
  @Test func `the tile of each set of AVX-512 is tried on the other`() throws {
    let (wide, narrow) = (try tried("v4"), try tried("v4-bf16"))
    #expect(wide.contains("GEMM_ROWS 14 (9), GEMM_VECTORS 2 (3)"), "\(wide)")
    #expect(narrow.contains("GEMM_ROWS 9 (14), GEMM_VECTORS 3 (2)"), "\(narrow)")
  }

  @Test func `every size is tried, and one alone where it is asked for`() throws {
    for instructionSet in ["v2", "v3", "v4", "v4-bf16", "neon", "generic"] {
      let all = try tried(instructionSet)
      // What the sources no longer have is named.
      #expect(all.count > 30 && all.allSatisfy { $0.hasSuffix(")") }, "\(all)")
    }
    #expect(try tried("v3", "GEMM_TASKS") == ["GEMM_TASKS 3 (6)", "GEMM_TASKS 12 (6)"])
    #expect(try tried("v3", "FLASH_KEYS=96+FLASH_VECTORS=2").count == 1)
  }
}
