// The house's rules for source files: size, opening line, imports, names.
// Not the format, which `swift format lint` checks.

import Foundation
import Models
import Testing

@Suite struct SourceTests {
  @Test func `no source file has more than 500 lines`() throws {
    let sources = try Repository.sources()
    #expect(sources.count > 100)
    for path in sources {
      let count = try Repository.text(path).lines.count
      #expect(count <= 501, "\(path) has \(count) lines")
    }
  }

  @Test func `half of the program's files have at most 120 lines`() throws {
    let counts = try Repository.files(in: "Sources", "swift", "c", "h", "inc")
      .map { try Repository.text($0).lines.count }.sorted()
    #expect(counts[counts.count / 2] <= 120)
  }

  @Test func `a file of kernels has the compiler's vectors, or loops that it vectorises`() throws {
    let folder = "Sources/CKernels/cpu"
    let math = try Repository.text("\(folder)/vector_math.inc")
    let functions = math.matches(of: #/INLINE \w+ (vector_\w+)\(/#).map { String($0.1) }
    #expect(functions.count > 4)
    for path in try Repository.files(in: folder, "inc") {
      let text = try Repository.text(path)
      let hasLoops = text.contains("SHARED_RUNS") || functions.contains { text.contains("\($0)(") }
      #expect(!hasLoops || !text.contains(#/\bvf\b/#), "\(path) has both")
    }
  }

  @Test func `a C function has at most six arguments`() throws {
    let definition = #/(?m)^[A-Za-z_][^\n;{}()#=]*\b(\w+(?:\(\w+\))?)\(([^;{}#]*)\)\s*\{/#
    var seen = 0
    for path in try Repository.files(in: "Sources/CKernels", "c", "h", "inc") {
      let text = try Repository.text(path).replacing(#/\/\/[^\n]*/#, with: "")
      for match in text.matches(of: definition) {
        // An argument that is a function has a list of its own.
        let arguments = match.2.replacing(#/\([^()]*\)/#, with: "").split(separator: ",").count
        #expect(arguments <= 6, "\(path): \(match.1) has \(arguments)")
        seen += 1
      }
    }
    #expect(seen > 200)
  }

  /// What times the plugin by itself mirrors the table by hand.
  @Test func `the mirror of the kernels' table is of its version`() throws {
    let header = try Repository.text("Sources/CKernels/include/kernels.h")
    let mirror = try Repository.text("cuda/bench/plugin.py")
    let version = try #require(header.firstMatch(of: #/RUNEXP_KERNELS_ABI (\d+)/#)?.1)
    #expect(mirror.contains("\nABI = \(version)\n"))
  }

  @Test func `every source file opens by saying what it is`() throws {
    for path in try Repository.sources() {
      let first = try Repository.text(path).lines.first ?? ""
      #expect(first.hasPrefix("// ") && first.count > 12, "\(path) opens with: \(first)")
    }
  }

  @Test(arguments: [
    ("Config", ["CYAML", "Glibc"]),
    ("Tensors", ["CKernels", "Glibc"]),
    ("OpCases", ["Tensors", "CKernels", "Glibc"]),
    ("Models", ["Tensors", "Config", "Glibc"]),
    ("Statistics", ["Foundation"]),
    ("Records", ["Statistics", "Config", "CHash", "Foundation", "Synchronization"]),
    ("Tokenizers", ["Records", "Config", "CPCRE2", "Foundation", "Synchronization", "Glibc"]),
    ("Images", ["Records", "Config", "CZLIB", "CPNG", "Foundation"]),
    (
      "Workloads",
      [
        "Tokenizers", "Images", "Records", "Statistics", "Models", "Tensors", "Config",
        "Foundation", "Synchronization", "Glibc",
      ]
    ),
    ("Analysis", ["Records", "Statistics", "Config", "Foundation"]),
    (
      "Experiments",
      [
        "Analysis", "Workloads", "Records", "Statistics", "Models", "Tensors", "Config",
        "Foundation",
        "Dispatch", "Synchronization", "Glibc",
      ]
    ),
    (
      "runexp",
      [
        "Experiments", "Analysis", "Workloads", "Tokenizers", "Records", "Statistics", "Models",
        "OpCases", "Tensors", "Config",
        "ArgumentParser", "Foundation",
      ]
    ),
  ])
  func `imports follow the arrows of the architecture`(module: String, allowed: [String]) throws {
    let words = #/^\s*(?:@\w+ |package |internal |private |fileprivate )*import (?:\w+ )?(\w+)/#
    var seen = 0
    for path in try Repository.files(in: "Sources/\(module)", "swift") {
      for line in try Repository.text(path).lines {
        guard let name = line.firstMatch(of: words)?.output.1 else { continue }
        seen += 1
        #expect(allowed.contains(String(name)), "\(path) imports \(name)")
      }
    }
    #expect(seen > 0)
  }

  /// The targets below `Tests` with the dependencies that the package declares for them.
  private static func testTargets() throws -> [(name: String, dependencies: [String])] {
    let entry = #/[tT]arget\(\s*name: "(\w+)"(?:,\s*dependencies: \[([^\]]*)\])?/#
    return try Repository.text("Package.swift").matches(of: entry)
      .map { match in
        let list = match.output.2 ?? ""
        return (String(match.output.1), list.matches(of: #/"(\w+)"/#).map { String($0.output.1) })
      }
      .filter { Repository.exists("Tests/\($0.name)") }
  }

  /// What a test depends on is built before it: the tests of a lower module do not wait for a
  /// higher one.
  @Test(arguments: [
    ("TestSupport", []), ("TestDevices", ["Tensors", "CKernels"]),
    ("TestModels", ["Models", "Tensors", "Config"]),
    ("ConfigTests", ["Config", "TestSupport"]),
    ("TensorsTests", ["Tensors", "CKernels", "TestSupport"]),
    ("OpCasesTests", ["OpCases", "Tensors", "CKernels"]),
    ("SanitizedCases", ["OpCases", "Tensors"]),
    ("MutatedTokenizers", ["Tokenizers", "Config", "TestSupport"]),
    (
      "MutatedModels",
      ["Workloads", "Tokenizers", "Tensors", "Config", "MutatedTokenizers", "TestSupport"]
    ),
    ("MutatedImages", ["Images", "TestSupport"]),
    ("SanitizedFiles", ["MutatedModels", "MutatedTokenizers", "MutatedImages", "TestSupport"]),
    ("ModelsTests", ["Models", "Tensors", "Config", "TestDevices", "TestModels"]),
    ("StatisticsTests", ["Statistics", "TestSupport"]),
    ("RecordsTests", ["Records", "Statistics", "Config", "TestSupport"]),
    (
      "TokenizersTests", ["Tokenizers", "Records", "Config", "MutatedTokenizers", "TestSupport"]
    ),
    ("ImagesTests", ["Images", "Records", "Config", "MutatedImages", "TestSupport"]),
    (
      "WorkloadsTests",
      [
        "Workloads", "Tokenizers", "Images", "Records", "Statistics", "Models", "Tensors", "Config",
        "TestModels", "TestSupport", "MutatedModels", "MutatedTokenizers",
      ]
    ),
    ("AnalysisTests", ["Analysis", "Records", "Statistics", "Config", "TestSupport"]),
  ])
  func `tests depend on what they test alone`(target: String, allowed: [String]) throws {
    let declared = try #require(try Self.testTargets().first { $0.name == target }).dependencies
    #expect(declared.allSatisfy(allowed.contains), "\(declared)")
  }

  @Test func `tests import what their target declares`() throws {
    let targets = try Self.testTargets()
    let folders = try Repository.files(in: "Tests", "swift", "c").map {
      $0.split(separator: "/")[1]
    }
    #expect(Set(targets.map(\.name)) == Set(folders.map(String.init)))
    let others = ["Testing", "Foundation", "FoundationXML", "Glibc", "Synchronization"]
    for target in targets {
      for path in try Repository.files(in: "Tests/\(target.name)", "swift") {
        for match in try Repository.text(path).matches(of: #/(?m)^(?:package )?import (\w+)/#) {
          let name = String(match.output.1)
          #expect((target.dependencies + others).contains(name), "\(path) imports \(name)")
        }
      }
    }
  }

  @Test func `tests have a target for each module`() throws {
    let names = try Self.testTargets().map(\.name)
    for module in ["Config", "Tensors", "OpCases", "Models", "Statistics", "Records", "Tokenizers"]
      + ["Images", "Workloads", "Analysis", "Experiments", "Runexp"]
    {
      #expect(names.contains("\(module)Tests"))
    }
  }

  // FailpointTests kill the program at every failpoint; a step that passes none would never be
  // tried.
  @Test func `whatever changes a run's folder passes a failpoint`() throws {
    let calls = #/\b(?:rename|unlink|mkdir|symlink|truncate|removeItem|createDirectory)\(/#
    var seen = 0
    for path in try ["Records", "Experiments/Run"].flatMap({
      try Repository.files(in: "Sources/\($0)", "swift")
    }) {
      let text = try Repository.text(path)
      guard text.contains(calls) else { continue }
      seen += 1
      #expect(text.contains("try Failpoint."), "\(path)")
    }
    #expect(seen >= 4)
  }

  @Test func `kernels include nothing but each other and the C library`() throws {
    let quoted = #/#include "([^"]+)"/#
    for path in try Repository.files(in: "Sources/CKernels", "c", "h", "inc") {
      let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
      for line in try Repository.text(path).lines {
        guard let name = line.firstMatch(of: quoted)?.output.1 else { continue }
        let isThere = [folder, "Sources/CKernels/include"].contains {
          Repository.exists("\($0)/\(name)")
        }
        #expect(isThere, "\(path) includes \(name)")
      }
    }
  }

  @Test func `a component's word, its type and its file are one word`() throws {
    let slots: [(folder: String, types: [any Component.Type])] = [
      ("Norms", Registry.norms), ("Blocks", Registry.blocks), ("Attention", Registry.attentions),
      ("Positions", Registry.positions), ("Positions/Scaling", Registry.scalings),
      ("FeedForward", Registry.feedForwards), ("Inputs", Registry.inputs),
      ("Outputs", Registry.outputs),
    ]
    for slot in slots {
      for type in slot.types {
        let name = String(describing: type)
        // `none` alone would name four types.
        let word = type.word == "none" ? "no" : type.word.replacing("_", with: "")
        let fits =
          type.word == "none"
          ? name.lowercased().hasPrefix(word) : name.lowercased() == word
        #expect(fits, "\(name) is called \(type.word)")
        #expect(Repository.exists("Sources/Models/\(slot.folder)/\(name).swift"), "\(name)")
      }
    }
  }

  @Test func `every component that is written is registered`() throws {
    let word = #/static let word = "([a-z0-9_]+)"/#
    let types: [any Component.Type] =
      Registry.norms + Registry.blocks + Registry.attentions + Registry.positions
      + Registry.scalings + Registry.feedForwards + Registry.inputs + Registry.outputs
    let files = try Repository.files(in: "Sources/Models", "swift")
      .filter { try Repository.text($0).firstMatch(of: word) != nil }
    #expect(files.count == types.count)
    for path in files {
      let found = try #require(try Repository.text(path).firstMatch(of: word)?.output.1)
      #expect(types.contains { $0.word == String(found) }, "\(path)")
    }
  }

  @Test func `nothing is left for later`() throws {
    // Joined here, so that this file is not found itself.
    let words = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "not " + "implemented", "fatalError(\"un"]
    let texts =
      try Repository.sources() + Repository.pages()
      + Repository.files(in: "experiments", "yaml") + ["Makefile", "Package.swift"]
    for path in texts {
      let text = try Repository.text(path)
      for word in words {
        let isFound = text.contains(word)
        #expect(!isFound, "\(path): \(word)")
      }
    }
  }
}
