// Models of images: what they read, where their tokens stand, and what is refused.

import Config
import Models
import Tensors
import TestModels
import Testing

@Suite("models of images")
struct ImageModelTests {
  private static let digits = ImageSize(height: 28, width: 28, channels: 1)

  private func faults(_ yaml: String, image: ImageSize? = digits) throws -> [String] {
    let recorder = Recorder()
    _ = Transformer(
      try modelSection(yaml, recorder: recorder), vocabulary: 10, length: 8, image: image)
    return recorder.finish().map(\.message)
  }

  @Test("patches are row by row, and their values by channel, row and column")
  func order() {
    // A pixel is 100 row + 10 column + channel.
    var pixels: [Float] = []
    for row in 0..<4 {
      for column in 0..<6 {
        for channel in 0..<2 { pixels.append(Float(100 * row + 10 * column + channel)) }
      }
    }
    let order = PatchOrder(
      ImageSize(height: 4, width: 6, channels: 2), PatchGrid(rows: 2, columns: 3))
    let patches = order.patches(pixels)
    #expect(Array(patches[..<8]) == [0, 10, 100, 110, 1, 11, 101, 111])
    #expect(Array(patches[8..<12]) == [20, 30, 120, 130])
    #expect(Array(patches[24..<28]) == [200, 210, 300, 310])
    #expect(Set(order.sources) == Set(0..<48))
  }

  @Test("tokens behind the patches stand nowhere")
  func places() {
    let grid = PatchGrid(rows: 2, columns: 3, extra: 2)
    #expect(grid.patches == 6 && grid.tokens == 8)
    #expect(grid.place(of: 4).map { [$0.row, $0.column] } == [1, 1])
    #expect(grid.place(of: 6) == nil && grid.place(of: 7) == nil)
  }

  @Test("angles are those of EVA-02, of naver's RoPE-ViT and of DINOv3")
  func angles() throws {
    // Two rows of three patches and a class token; heads of eight features have two frequencies.
    let image = ImageSize(height: 8, width: 12, channels: 1)
    // Those of the last patch, in row 1 and column 2.
    let cases: [(options: String, expected: [Double])] = [
      ("base: 10000", [1, 0.01, 2, 0.02]),
      ("base: 100, order: columns_first, layout: interleaved", [2, 0.2, 1, 0.1]),
      ("layout: interleaved, reference_grid: [16, 15]", [8, 0.08, 10, 0.1]),
      ("coordinates: normalised", [Double.pi, 0.1 * .pi, 4 * .pi / 3, 0.4 * .pi / 3]),
    ]
    for (options, expected) in cases {
      let model = try TestModels.model(
        """
        layers: 1
        width: 16
        attention: {type: mha, heads: 2}
        position: {type: rope_2d, \(options)}
        """, vocabulary: 2, length: 1, image: image)
      let position = try #require(model.positions.first as? RoPE2D)
      let found = position.angles(of: 5)
      #expect(found.count == 4)
      for (angle, exact) in zip(found, expected) {
        #expect(abs(angle - exact) < 1e-12, "\(options): \(found)")
      }
      #expect(position.angles(of: 6) == [0, 0, 0, 0])
    }
  }

  @Test("a model of images has their defaults, and counts its parameters by formula")
  func defaults() throws {
    let model = try TestModels.model("{}", vocabulary: 10, length: 1, image: Self.digits)
    #expect(model.length == 50 && model.input.grid == PatchGrid(rows: 7, columns: 7, extra: 1))
    #expect(type(of: model.input).word == "patch_embedding")
    #expect(type(of: model.output).word == "classes")
    #expect(type(of: model.positions[0]).word == "rope_2d")
    #expect(model.blocks.allSatisfy { !$0.attention.shape.isCausal })
    for tiny in TinyModel.images {
      let model = try tiny.model(on: Device.reference(), seed: 1)
      #expect(model.parameters.count == model.parameterCount.total, "\(tiny.testDescription)")
    }
  }

  @Test("every token is seen by every other one")
  func attention() throws {
    let device = Device.reference()
    let model = try TinyModel.images[0].model(on: device, seed: 2)
    let grid = try #require(model.input.grid)
    func logits(changing place: Int?) -> [Float] {
      var pixels = [Float](repeating: 0.5, count: grid.patches * 8)
      if let place { pixels[place] = 2 }
      let read = Tensor(pixels, [1, grid.patches, 8], kind: .data, on: device)
      return model(.patches(read), Pass(on: device)).values()
    }
    let plain = logits(changing: nil)
    for place in [0, grid.patches * 8 - 1] { #expect(logits(changing: place) != plain) }
  }

  @Test("images in bf16 are near those in f32", arguments: TinyModel.images)
  func precision(tiny: TinyModel) throws {
    let device = Device.cpu(threads: 1)
    let model = try tiny.model(on: device, seed: 1)
    let images = try TinyImages(for: model, on: device)
    let exact = model(images.read, Pass(on: device)).values()
    let rounded = model(images.read, Pass(on: device, precision: .bf16)).values()
    let largest = exact.reduce(0) { max($0, abs($1)) }
    for (a, b) in zip(exact, rounded) { #expect(abs(a - b) < 0.1 * largest) }
  }

  @Test("work is counted once a patch for the embedding and once an image for the classes")
  func work() throws {
    let model = try TestModels.model(
      "layers: 1\nwidth: 32\nattention: {type: mha, heads: 4}\nffn: {type: gelu, hidden: 64}",
      vocabulary: 10, length: 1, image: Self.digits)
    let layer = 50 * (4 * 32 * 32 + 2 * 32 * 64) + 2 * 32 * 50 * 50
    #expect(
      model.cost(tokens: 50).forwardFLOPsPerSequence
        == Double(2 * (layer + 49 * 16 * 32 + 32 * 10)))
  }

  @Test("texts and images are told apart")
  func mismatches() throws {
    #expect(
      try faults("input: token_embedding\nposition: none")
        == ["token_embedding is for texts, and images are read"])
    #expect(
      try faults("output: next_token") == ["next_token is for texts, and images are read"])
    #expect(
      try faults("input: patch_embedding\noutput: classes", image: nil) == [
        "patch_embedding is for images, and texts are read",
        "classes is for images, and texts are read",
      ])
    for word in ["rope_2d", "sincos_2d"] {
      #expect(
        try faults("position: \(word)", image: nil)
          == ["\(word) positions are rows and columns of images, and a text has neither"])
    }
    #expect(
      try faults("tied_embeddings: true")
        == ["patches have no matrix of tokens that the output could use"])
  }

  @Test("what does not go together is refused")
  func refusals() throws {
    #expect(
      try faults("input: {patch: 5}")
        == ["patches of 5 x 5 pixels do not divide images of 28 x 28 pixels"])
    #expect(
      try faults("input: {class_token: false}\noutput: {pool: class_token}")
        == ["there is no class token to pool by: input.class_token must be true"])
    #expect(
      try faults("width: 30\nattention: {type: mha, heads: 5}") == [
        "rope_2d turns pairs of features by rows and as many by columns: the head dimension must "
          + "be a multiple of 4, not 6"
      ])
    // What follows from heads that do not share the width is not told as well.
    #expect(
      try faults("width: 16\nattention: {type: mha, heads: 3}") == [
        "a width of 16 cannot be divided among 3 heads; choose another number, or set head_dim"
      ])
    #expect(
      try faults("input: {positions: true}\nposition: learned")
        == ["position: learned adds a trained row to each token as well: one of them"])
    #expect(
      try faults("position: {type: rope_2d, reference_grid: [7]}")
        == [
          "position.reference_grid must be a list [rows, columns], each a whole number from "
            + "1 to 4096, not a list of 1"
        ])
    #expect(
      try faults("position: {type: rope_2d, coordinates: normalised, reference_grid: [7, 7]}")
        == ["normalised coordinates are the same on every grid"])
    #expect(
      try faults("width: 30\nattention: {type: mha, heads: 5}\nposition: sincos_2d") == [
        "sincos_2d has sines and cosines of columns and of rows: the width must be a multiple of "
          + "4, not 30"
      ])
  }
}
