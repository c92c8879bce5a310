// CellIdentity: what makes a cell the same cell in every run, and the short names that stand for it
// within one.

import Config
import Records
import Workloads

extension Cell {
  /// The hash of all that decides the cell's result: `sha256-` and 64 hexadecimal digits.
  ///
  /// - Parameters: as those of `DocumentIdentity`.
  package func identity(
    dataHash: String, tokenizerHash: String = "", checkpointHash: String = "", program: String
  ) -> String {
    var document = DocumentIdentity(
      content, dataHash: dataHash, tokenizerHash: tokenizerHash, checkpointHash: checkpointHash,
      program: program)
    document.seeds = [seed]
    var models = Content.PerModel<[UInt8]>()
    return document.hashes(&models)[0]
  }
}

/// The options for which the hash of a file stands.
private enum FileOptions {
  static let data = paths(
    "workload.dataset.name", "workload.dataset.fallback", "workload.dataset.validation")
  static let tokenizer = paths("workload.dataset.tokenizer")
  static let checkpoint = paths("workload.checkpoint", "model.from", "model.fallback")

  private static func paths(_ texts: String...) -> [DottedPath] {
    texts.compactMap { DottedPath($0) }
  }
}

/// What decides the results of a document's cells.
struct DocumentIdentity<Model, Workload> {
  private let content: CellContent<Model, Workload>
  private let dataHash, tokenizerHash, checkpointHash, program: String
  /// Those of its cells, in order.
  var seeds: [Int] = []

  /// - Parameters:
  ///   - dataHash: the hash of the text that is used, which stands for the text's name and place:
  ///     the same text elsewhere is the same text. Empty where there is none.
  ///   - tokenizerHash: the same of what makes tokens of the text; empty for characters.
  ///   - checkpointHash: the same of the stored model that they begin from or read.
  ///   - program: version of the program that runs them.
  init(
    _ content: CellContent<Model, Workload>, dataHash: String, tokenizerHash: String,
    checkpointHash: String, program: String
  ) {
    self.content = content
    (self.dataHash, self.tokenizerHash) = (dataHash, tokenizerHash)
    (self.checkpointHash, self.program) = (checkpointHash, program)
  }

  /// The hash of each of its cells.
  ///
  /// - Parameter models: the texts of models.
  func hashes(_ models: inout CellContent<Model, Workload>.PerModel<[UInt8]>) -> [String] {
    let options =
      (dataHash.isEmpty ? [] : FileOptions.data)
      + (tokenizerHash.isEmpty ? [] : FileOptions.tokenizer)
      + (checkpointHash.isEmpty ? [] : FileOptions.checkpoint)
    let more = [("", checkpointHash), ("tokenizer ", tokenizerHash)].filter { !$1.isEmpty }
      .map { "\n\($0)\($1)" }.joined()
    let canonical = content.canonical(without: options, &models)
    let rest = Array(("\n\(dataHash)\n\(program)" + more).utf8)
    return seeds.map { "sha256-" + SHA256.hex(canonical.bytes(seed: $0) + rest) }
  }
}

extension DocumentIdentity: Sendable where Model: Sendable, Workload: Sendable {}

extension PlannedCell {
  /// Where the stored model lies that it begins from or reads; nil where it needs none.
  var modelPath: String? { model?.base?.path ?? workload?.checkpoint }
}

/// Ids such as `modern-s1-3f9a1c2e`: as many digits of the identity as tell it from all others in
/// the run, eight at least.
package struct CellNames {
  private static let digits = 8
  /// The identity that each name stands for.
  private var identities: [String: String]

  package init(taken: [String: String] = [:]) { identities = taken }

  /// The name of a cell; the same for the same identity.
  ///
  /// It begins with a letter, so that no reader takes it for a number.
  package mutating func name(variant: String, seed: Int, identity: String) -> String {
    let hash = identity.drop { $0 != "-" }.dropFirst()
    let stem = "\(variant)-s\(seed)-"
    let start = stem.first?.isLetter == true ? stem : "c-" + stem
    for count in Self.digits...max(Self.digits, hash.count) {
      let name = start + hash.prefix(count)
      if identities[name, default: identity] == identity {
        identities[name] = identity
        return name
      }
    }
    // Two cells with the same name and hash are the same; this is reached by a name that was taken
    // by hand.
    var number = 2
    while identities["\(start)\(hash)-\(number)"] != nil { number += 1 }
    identities["\(start)\(hash)-\(number)"] = identity
    return "\(start)\(hash)-\(number)"
  }
}
