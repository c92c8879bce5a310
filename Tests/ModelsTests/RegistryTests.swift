// What every registered component says of itself: words, texts and the file it lives in.

import Config
import Foundation
import Models
import Tensors
import TestModels
import Testing

/// One registered type and where it is registered.
struct Registered: Sendable, CustomTestStringConvertible {
  let folder: String
  let type: any Component.Type

  var testDescription: String { type.word }
  var typeName: String { String(describing: type) }

  static let all: [Registered] =
    Registry.norms.map { Registered(folder: "Norms", type: $0) }
    + Registry.blocks.map { Registered(folder: "Blocks", type: $0) }
    + Registry.attentions.map { Registered(folder: "Attention", type: $0) }
    + Registry.positions.map { Registered(folder: "Positions", type: $0) }
    + Registry.scalings.map { Registered(folder: "Positions/Scaling", type: $0) }
    + Registry.feedForwards.map { Registered(folder: "FeedForward", type: $0) }
    + Registry.inputs.map { Registered(folder: "Inputs", type: $0) }
    + Registry.outputs.map { Registered(folder: "Outputs", type: $0) }

  /// Whether it is for images alone.
  var isOfImages: Bool {
    (type as? any Position.Type)?.isOfGrid ?? (type as? any Input.Type)?.readsImages
      ?? (type as? any Output.Type)?.readsImages ?? false
  }
}

@Suite("the registry")
struct RegistryTests {
  @Test("a component says what it is in four texts", arguments: Registered.all)
  func texts(component: Registered) {
    let type = component.type
    for text in [type.word, type.summary, type.formula, type.source] {
      #expect(!text.isEmpty)
      #expect(text == text.trimmingCharacters(in: .whitespacesAndNewlines))
      #expect(!text.contains("\n"))
    }
    #expect(!type.summary.hasSuffix("."), "a summary is a sentence without its full stop")
    #expect(type.word.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" })
  }

  @Test("the word, the type and the file have one name", arguments: Registered.all)
  func names(component: Registered) {
    let word = component.type.word.replacingOccurrences(of: "_", with: "")
    let name = component.typeName.lowercased()
    // 'none' is said in several slots, so its types say what there is none of.
    #expect(name == word || (word == "none" && name.hasPrefix("no")))
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = root.appending(
      path: "Sources/Models/\(component.folder)/\(component.typeName).swift")
    #expect(FileManager.default.fileExists(atPath: file.path), "\(file.path)")
  }

  @Test("no two components of a slot share a word")
  func unique() {
    for words in [
      Registry.norms.map { $0.word }, Registry.blocks.map { $0.word },
      Registry.attentions.map { $0.word },
      Registry.positions.map { $0.word }, Registry.scalings.map { $0.word },
      Registry.feedForwards.map { $0.word }, Registry.inputs.map { $0.word },
      Registry.outputs.map { $0.word },
    ] {
      #expect(Set(words).count == words.count, "\(words)")
    }
  }

  @Test("the standard component of each slot is registered in it")
  func standards() {
    #expect(Registry.norms.contains { $0.word == Slots.norm.standard })
    #expect(Registry.blocks.contains { $0.word == Slots.block.standard })
    #expect(Registry.attentions.contains { $0.word == Slots.attention.standard })
    #expect(Registry.positions.contains { $0.word == Slots.position.standard })
    #expect(Registry.scalings.contains { $0.word == Slots.scaling.standard })
    #expect(Registry.feedForwards.contains { $0.word == Slots.feedForward.standard })
    #expect(Registry.inputs.contains { $0.word == Slots.input.standard })
    #expect(Registry.outputs.contains { $0.word == Slots.output.standard })
  }

  @Test(
    "a component builds with all of its options left at their defaults", arguments: Registered.all)
  func defaults(component: Registered) throws {
    let key = [
      "Norms": "norm: ", "Blocks": "block: ", "Attention": "attention: ",
      "Positions": "position: ", "Positions/Scaling": "position:\n  scaling: ",
      "FeedForward": "ffn: ", "Inputs": "input: ", "Outputs": "output: ",
    ]
    let slot = try #require(key[component.folder])
    let model = try TestModels.model(
      slot + component.type.word, vocabulary: 65, length: 256,
      image: component.isOfImages ? ImageSize(height: 28, width: 28, channels: 1) : nil)
    #expect(model.parameters.count > 0)
    #expect(model.blocks.count == 6)
    #expect(model.width == 256)
  }

  @Test("every kernel word but auto names an algorithm, and every algorithm has a word")
  func kernels() {
    let words = KernelChoice.choices.map(\.word).filter { $0 != "auto" }
    #expect(words == AttentionAlgorithm.allCases.map(\.rawValue))
  }
}
