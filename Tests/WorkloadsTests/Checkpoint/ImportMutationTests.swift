// Configurations that somebody has tampered with: they are read, or refused in a sentence.

import Config
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("imported configurations that are wrong")
struct ImportMutationTests {
  /// What stands in place of a value.
  private static let replacements: [JSON] = [
    .null, 0, -1, 1, 2, 3, 7, 1_048_576, 4_611_686_018_427_387_904, 0.5, 1e300, -1e300, .bool(true),
    .bool(false), "", "none", "full_attention", [], [0], [1, 2], ["a"], [:], ["rope_type": "yarn"],
    ["factor": 0],
  ]

  @Test(arguments: FamilyFixture.names)
  func `any value of any key is read or refused in one line`(name: String) throws {
    let fixture = try FamilyFixture(name)
    for config in [fixture.config, fixture.oldConfig] {
      for changed in Self.mutations(of: config) {
        let problem = problem {
          // What was read is a section, whose own faults are told where it is opened.
          let model = try ImportedModel(config: changed)
          let isModel = model.section["layers"]?.whole ?? 0 > 0 && model.vocabulary > 0
          #expect(isModel)
        }
        #expect(!problem.contains("\n"))
      }
    }
  }

  @Test(arguments: ["llama3", "gemma3", "gpt2", "phi3-longrope", "pythia", "smollm3"])
  func `a folder with such a configuration is a model or an error`(name: String) throws {
    let fixture = try FamilyFixture(name)
    let folder = try TemporaryFolder()
    let device = Device.cpu(threads: 1)
    try fixture.write(to: folder.file("m"))
    for (index, changed) in Self.mutations(of: fixture.config).enumerated() where index % 3 == 0 {
      try AtomicFile.write(changed.line, to: folder.file("m/config.json"))
      let problem = problem { try SavedModel(folder.file("m")).checkWeights() }
      // What is taken has the shapes of the weights, and so the memory that they need.
      if problem == "nothing" {
        let model = try SavedModel(folder.file("m")).load(on: device)
        #expect(4 * model.parameters.count < 1 << 20)
      }
      #expect(!problem.contains("\n"))
    }
  }

  /// Each with one value, however deep, replaced or its key taken out.
  private static func mutations(of json: JSON) -> [JSON] {
    guard case .object(let members) = json else { return [] }
    return members.indices.flatMap { index -> [JSON] in
      func with(_ value: JSON?) -> JSON {
        var changed = members
        if let value {
          changed[index] = JSON.Member(members[index].key, value)
        } else {
          changed.remove(at: index)
        }
        return .object(changed)
      }
      return [with(nil)] + replacements.map { with($0) }
        + mutations(of: members[index].value).map { with($0) }
    }
  }
}
