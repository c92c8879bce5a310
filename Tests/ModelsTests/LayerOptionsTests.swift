// What the options of a section come to in each layer.

import Config
import Models
import Testing

@Suite("options layer by layer") struct LayerOptionsTests {
  private static func values(_ section: JSON, _ path: String) -> [JSON?]? {
    LayerOptions(section, layers: 3).all.first { $0.path == path }?.values
  }

  @Test func `components and values repeat over the layers, other lists are one value`() {
    let section: JSON = [
      "attention": ["type": "mha", "window": [4, "none"]],
      "position": [
        ["type": "rope", "base": [500.0, 600.0, 700.0], "scaling": ["short_factor": [1.0, 2.0]]],
        ["type": "none"],
      ],
    ]
    #expect(Self.values(section, "attention.type") == ["mha", "mha", "mha"])
    #expect(Self.values(section, "attention.window") == [4, "none", 4])
    #expect(Self.values(section, "position.type") == ["rope", "none", "rope"])
    #expect(Self.values(section, "position.base") == [500.0, nil, 700.0])
    #expect(
      Self.values(section, "position.scaling.short_factor") == [[1.0, 2.0], nil, [1.0, 2.0]])
  }

  @Test func `the lists that repeat are those whose documentation says so`() {
    func paths(_ recording: Recording) -> [String] {
      recording.options.filter { $0.doc.contains("repeats over the layers") }.map(\.path)
    }
    let found = Recording.ofDefaults { _ = Transformer($0, vocabulary: 2, length: 4) }
    #expect(Set(paths(found)) == LayerOptions.repeating)
  }
}
