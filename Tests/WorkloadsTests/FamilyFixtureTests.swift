// The fixtures of the families themselves: their tensors are those that transformers was given.

import Config
import Records
import TestSupport
import Testing
import Workloads

@Suite("fixtures of the families")
struct FamilyFixtureTests {
  @Test("the formula gives the values that transformers had", arguments: FamilyFixture.names)
  func values(name: String) throws {
    for tensor in try FamilyFixture(name).tensors {
      let values = tensor.values()
      #expect(Array(values.prefix(4)) == tensor.first, "\(tensor.name)")
      #expect(FamilyFixture.Tensor.checksum(of: values) == tensor.checksum, "\(tensor.name)")
    }
  }

  @Test("a folder has the tensors in their order, and the config as given")
  func folder() throws {
    let folder = try TemporaryFolder()
    let fixture = try FamilyFixture("phi3-longrope")
    try fixture.write(to: folder.file("new"))
    try fixture.write(to: folder.file("old"), config: fixture.oldConfig)
    #expect(try folder.names(in: "new") == ["config.json", "model.safetensors"])
    let file = try SafeTensors(file: folder.file("new/model.safetensors"))
    #expect(file.tensors.names == fixture.tensors.map(\.name))
    #expect(file.tensors.all.map(\.shape) == fixture.tensors.map(\.shape))
    let config = try JSON(reading: AtomicFile.read(folder.file("new/config.json")))
    #expect(config == fixture.config)
    #expect(config["rope_parameters"] != nil)
    let oldConfig = try JSON(reading: AtomicFile.read(folder.file("old/config.json")))
    #expect(oldConfig == fixture.oldConfig)
    #expect(oldConfig["rope_parameters"] == nil)
  }

  @Test("every fixture is whole", arguments: FamilyFixture.names)
  func whole(name: String) throws {
    let fixture = try FamilyFixture(name)
    let vocabulary = try #require(fixture.config["vocab_size"]?.whole)
    #expect(fixture.logits.count == fixture.positions.count)
    #expect(fixture.logits.allSatisfy { $0.count == vocabulary })
    #expect(fixture.positions.last == fixture.ids.count - 1)
    #expect(fixture.greedy.count == 32)
    // The last logits of the prompt give the first token after it.
    let last = try #require(fixture.logits.last)
    #expect(last.firstIndex(of: try #require(last.max())) == fixture.greedy.first)
  }
}
