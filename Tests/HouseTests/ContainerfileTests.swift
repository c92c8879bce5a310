// Containerfile and .dockerignore, from which nothing here builds an image: what they install, copy,
// call and leave out is what the package, CI, the Makefile and git have, so that they do not rot
// unseen.

import Foundation
import Testing

@Suite struct ContainerfileTests {
  /// The packages of what the program links, for those that it is built with.
  private static let libraries = [
    "libyaml-dev": "libyaml-0-2", "libpcre2-dev": "libpcre2-8-0", "zlib1g-dev": "zlib1g",
    "libpng-dev": "libpng16-16",
  ]

  /// A stage of the build: the image that it begins with, its name, and its instructions.
  private struct Stage {
    let image: String
    let name: String?
    var instructions: [(word: String, rest: String)] = []

    func all(_ word: String) -> [String] { instructions.filter { $0.word == word }.map(\.rest) }

    /// What apt-get installs.
    var packages: Set<String> {
      Set(
        all("RUN").flatMap { $0.components(separatedBy: "&&") }
          .flatMap { $0.installed })
    }
  }

  private func stages() throws -> [Stage] {
    let text = try Repository.text("Containerfile").replacing("\\\n", with: " ")
    var stages: [Stage] = []
    for line in text.lines where !line.isEmpty && !line.hasPrefix("#") {
      let (word, rest) = try #require(line.split(at: " "))
      guard word == "FROM" else {
        try #require(!stages.isEmpty)
        stages[stages.count - 1].instructions.append((word, rest))
        continue
      }
      let words = rest.split(separator: " ").map(String.init)
      stages.append(Stage(image: words[0], name: words.count == 3 ? words[2] : nil))
    }
    return stages
  }

  /// The packages that Package.swift says its libraries are in.
  private func provided() throws -> Set<String> {
    let package = try Repository.text("Package.swift")
    return Set(package.parts(from: ".apt([\"", to: "\"])"))
  }

  @Test func `it is built with the libraries of the package, and CI has what it installs`() throws {
    let stages = try stages()
    try #require(stages.count == 2)
    let (build, image) = (stages[0], stages[1])
    let provided = try provided()
    #expect(provided == Set(Self.libraries.keys))
    #expect(provided.isSubset(of: build.packages))
    // CI builds the program with the packages of these names, on the same system.
    let ci = try Repository.text(".ci/run").parts(from: "missing+=(", to: ")")
    #expect(build.packages.isSubset(of: ci), "\(build.packages.subtracting(ci))")
    let prepared = try Repository.text("scripts/prepare").parts(from: "install=\"", to: "\"")
    #expect(Set(prepared.flatMap { $0.installed }) == provided)
    // What it is built with does not run it: these have what was linked, and curl downloads.
    #expect(Set(Self.libraries.values).isSubset(of: image.packages))
    #expect(image.packages.subtracting(Self.libraries.values) == ["curl", "ca-certificates"])
  }

  @Test func `it begins with a Swift that the package takes, and ends on the same system`() throws {
    let stages = try stages()
    try #require(stages.count == 2)
    let (tag, system) = try #require(
      stages[0].image.replacing("swift:", with: "").split(at: "-"))
    let tools = try Repository.text("Package.swift").lines[0].replacing(
      "// swift-tools-version: ", with: "")
    #expect(tag.compare(tools, options: .numeric) != .orderedAscending, "\(tag) is below \(tools)")
    #expect(stages[1].image == "debian:\(system)-slim")
  }

  @Test func `what it calls and copies is there`() throws {
    let stages = try stages()
    try #require(stages.count == 2)
    let build = try #require(stages[0].all("RUN").first { $0.contains("make build") })
    let flags = try #require(build.parts(from: "SWIFT_FLAGS='", to: "'").first)
    let makefile = try Repository.text("Makefile")
    #expect(makefile.contains("\nbuild: ") && makefile.contains("\nSWIFT_FLAGS ?= "))
    #expect(makefile.contains("scripts/build $(SWIFT_FLAGS) --product runexp\n"))
    // The folder depends on the configuration alone.
    let shown = try #require(build.parts(from: "swift build ", to: " --show-bin-path").first)
    #expect(flags.hasPrefix(shown) && shown.contains("--static-swift-stdlib"))
    let product = try #require(build.parts(from: "--show-bin-path)/", to: "\"").first)
    #expect(
      try Repository.text("Package.swift").contains(".executable(name: \"\(product)\""))
    let target = try #require(build.split(separator: " ").last.map(String.init))

    // The whole checkout is copied, but for what is ignored.
    #expect(stages[0].all("COPY") == [". ."])
    let copied = stages[1].all("COPY")
    try #require(copied.count == 1)
    let words = copied[0].split(separator: " ").map(String.init)
    #expect(words[0] == "--from=\(stages[0].name ?? "")")
    #expect(words[1] == target + product && words[2] == words[1])
    #expect(stages[1].all("CMD") == ["[\"\(product)\", \"--help\"]"])
  }

  @Test func `what is ignored is what builds and runs leave, and nothing that is needed`() throws {
    // Where there is this one, Podman reads it instead; Docker never does.
    #expect(!Repository.exists(".containerignore"))
    let ignored = Set(
      try Repository.text(".dockerignore").lines
        .filter { !$0.isEmpty && !$0.hasPrefix("#") }.map(String.init))
    // The folders that git ignores, whole or in part: at the root, but for Python's.
    let left = try Repository.text(".gitignore").lines
      .filter { !$0.hasPrefix("!") && ($0.hasSuffix("/") || $0.hasSuffix("/*")) }
      .compactMap { $0.split(separator: "/").first.map(String.init) }
    #expect(left.contains("models") && left.contains(".build"))
    let expected = Set(left.map { $0 == "__pycache__" ? "**/\($0)" : $0 }).union([".git"])
    #expect(ignored == expected)
    for needed in ["Package.swift", "Makefile", "Sources", "Tests", "scripts"] {
      #expect(Repository.exists(needed) && !ignored.contains(needed), "\(needed)")
    }
  }
}

extension String {
  /// The packages that a command of apt-get installs; none of another command.
  fileprivate var installed: [String] {
    let words = split(separator: " ").map(String.init)
    guard words.starts(with: ["apt-get", "install"]) else { return [] }
    return words.dropFirst(2).filter { !$0.hasPrefix("-") }
  }
}

extension StringProtocol {
  /// The parts before and behind the first separator.
  fileprivate func split(at separator: Character) -> (String, String)? {
    firstIndex(of: separator).map { (String(self[..<$0]), String(self[index(after: $0)...])) }
  }
}
