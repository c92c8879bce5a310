// Batches of images: each once an epoch, the same ones for the same seed, moved as was asked.

import Images
import Models
import Testing
import Workloads

@Suite struct ImageSamplerTests {
  /// Images of 4 x 6 pixels, each of one brightness but for its first pixel, which is 255.
  private static let images: ImageSet = {
    func split(_ count: Int) -> ImageSet.Split {
      var pixels: [UInt8] = []
      for image in 0..<count {
        pixels.append(255)
        pixels += [UInt8](repeating: UInt8(image), count: 23)
      }
      return ImageSet.Split(pixels: pixels, labels: (0..<count).map { Int32($0 % 3) })
    }
    return ImageSet(
      ImageShape(height: 4, width: 6, channels: 1), classes: ["a", "b", "c"], train: split(20),
      test: split(7))
  }()

  private func sampler(
    batch: Int = 8, _ augmentation: Augmentation = Augmentation(), seed: UInt64 = 1
  ) -> ImageSampler {
    ImageSampler(
      Self.images, PatchGrid(rows: 2, columns: 3), scale: PixelScale(Self.images), batch: batch,
      augmentation: augmentation, seed: seed)
  }

  private func batch(
    _ sampler: ImageSampler, step: Int
  ) -> (patches: [Float], classes: [Int32]) {
    var patches = [Float](repeating: .nan, count: sampler.batch * 24)
    var classes = [Int32](repeating: -1, count: sampler.batch)
    sampler.fill(step: step, patches: &patches, classes: &classes)
    return (patches, classes)
  }

  @Test func `every image comes once an epoch, in another order each time`() {
    let sampler = sampler(batch: 5)
    let epochs = (0..<3).map { epoch in
      (0..<4).flatMap { step in
        (0..<5).map { sampler.image(step: 4 * epoch + step, row: $0) }
      }
    }
    for epoch in epochs { #expect(Set(epoch) == Set(0..<20)) }
    #expect(Set(epochs).count == 3 && epochs[0] != Array(0..<20))
  }

  @Test func `half the batch and twice the steps read the same images`() {
    let (many, few) = (sampler(batch: 8), sampler(batch: 4))
    for image in 0..<40 {
      #expect(
        many.image(step: image / 8, row: image % 8) == few.image(step: image / 4, row: image % 4))
    }
  }

  @Test func `the seed alone decides`() {
    let moved = Augmentation(shift: 2, flips: true)
    let (one, again) = (batch(sampler(moved), step: 3), batch(sampler(moved), step: 3))
    #expect(one.patches == again.patches && one.classes == again.classes)
    #expect(batch(sampler(moved, seed: 2), step: 3).patches != one.patches)
  }

  @Test(arguments: [1, 2, 3, 17, 64, 1000, 60_000])
  func `a permutation meets everything once`(count: Int) {
    let permutation = Permutation(count: count, key: 7)
    #expect(Set((0..<count).map { permutation[$0] }) == Set(0..<count))
  }

  @Test func `images to train on have mean 0 and deviation 1`() {
    let sampler = sampler(batch: 20)
    let values = batch(sampler, step: 0).patches.map(Double.init)
    let mean = values.reduce(0, +) / Double(values.count)
    let square = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    #expect(abs(mean) < 1e-6 && abs(square - 1) < 1e-5)
  }

  /// Where the brightest pixel is, in rows and columns of the image.
  private func brightest(_ patches: ArraySlice<Float>) -> (row: Int, column: Int)? {
    let values = Array(patches)
    let largest = values.max() ?? 0
    guard largest > 2, let place = values.firstIndex(of: largest) else { return nil }
    let (patch, inner) = place.quotientAndRemainder(dividingBy: 4)
    return (patch / 3 * 2 + inner / 2, patch % 3 * 2 + inner % 2)
  }

  @Test func `images are shifted and mirrored as often as they should be`() {
    let sampler = sampler(batch: 20, Augmentation(shift: 1, flips: true))
    var places: [String: Int] = [:]
    for step in 0..<90 {
      let (patches, _) = batch(sampler, step: step)
      for row in 0..<20 {
        let place = brightest(patches[row * 24..<(row + 1) * 24])
        places[place.map { "\($0.row) \($0.column)" } ?? "out", default: 0] += 1
      }
    }
    // A corner goes out of the image with two of three shifts, but for those that keep it.
    let expected = [
      "0 0": 1, "0 1": 1, "1 0": 1, "1 1": 1, "0 4": 1, "0 5": 1, "1 4": 1, "1 5": 1, "out": 10,
    ]
    #expect(Set(places.keys) == Set(expected.keys))
    for (place, ninths) in expected {
      #expect(abs(places[place, default: 0] - 100 * ninths) < 60, "\(place)")
    }
  }

  /// By the functions in docs/vision.md.
  @Test func `orders and shifts are those that another program draws`() {
    let sampler = sampler(batch: 8, Augmentation(shift: 1, flips: true))
    let images = (0..<32).map { sampler.image(step: $0 / 8, row: $0 % 8) }
    #expect(Array(images[..<12]) == [12, 13, 8, 19, 0, 1, 9, 16, 6, 5, 15, 3])
    #expect(Array(images[20...]) == [16, 14, 6, 8, 17, 18, 9, 2, 13, 7, 15, 19])
    let places = (0..<2).flatMap { step in
      let (patches, _) = batch(sampler, step: step)
      return (0..<8).map { row in
        brightest(patches[row * 24..<(row + 1) * 24]).map { "\($0.row) \($0.column)" } ?? "out"
      }
    }
    #expect(
      places == [
        "out", "out", "out", "1 5", "1 4", "1 4", "out", "out", "out", "out", "out", "out", "0 0",
        "out", "1 0", "1 0",
      ])
  }

  @Test func `what a checkpoint says of pixels is exactly how they were normalised`() {
    for seed: UInt64 in 1...20 {
      let scale = PixelScale(SyntheticShapes(train: 20, test: 10, seed: seed).images())
      #expect(PixelScale(scale.conventions(classes: [])) == scale)
    }
    #expect(PixelScale(ImageConventions()) == nil)
  }

  @Test func `the test split is read as it is, whatever is asked for of it`() {
    let sampler = sampler(batch: 5, Augmentation(shift: 2, flips: true))
    let (first, last) = (sampler.test(0..<5), sampler.test([5, 0]))
    #expect(first.classes == [0, 1, 2, 0, 1] && last.classes == [2, 0])
    #expect(last.patches.count == 2 * 24)
    #expect(brightest(last.patches[0..<24]).map { [$0.row, $0.column] } == [0, 0])
  }
}
