// The built-in images: the same for ever, with as many of each shape.

import Images
import Testing
import Workloads

@Suite struct SyntheticShapesTests {
  private static let standard = SyntheticShapes().images()

  @Test func `the default images never change`() {
    #expect(Self.standard.train.count == 10_000 && Self.standard.test.count == 2_000)
    #expect(Self.standard.shape == ImageShape(height: 28, width: 28, channels: 1))
    #expect(
      Self.standard.sha256
        == "c191d8e323c4de1443609e48f3d44c4dfae56c43a0867960315e55cbbb0f954e")
  }

  @Test func `there are as many of each class`() {
    for split in [Self.standard.train, Self.standard.test] {
      for label in Self.standard.classes.indices {
        #expect(split.labels.count { $0 == Int32(label) } * 10 == split.count)
      }
    }
  }

  @Test func `a smaller set is the beginning of a larger one`() {
    let small = SyntheticShapes(train: 30, test: 7).images()
    #expect(small.train.pixels == Array(Self.standard.train.pixels[..<(30 * 784)]))
    #expect(small.test.labels == Array(Self.standard.test.labels[..<7]))
  }

  @Test func `no image is there twice, in one split or both`() {
    var images: Set<[UInt8]> = []
    for split in [Self.standard.train, Self.standard.test] {
      for index in 0..<split.count {
        images.insert(Array(split.pixels[index * 784..<(index + 1) * 784]))
      }
    }
    #expect(images.count == 12_000)
  }

  @Test func `another seed makes other images`() {
    let other = SyntheticShapes(train: 10, test: 10, seed: 2).images()
    #expect(other.train.pixels != SyntheticShapes(train: 10, test: 10).images().train.pixels)
  }

  /// The mean image of each class in the training split tells apart what no noise would.
  @Test func `shapes can be told apart, and not by their mean image alone`() {
    let (train, test) = (Self.standard.train, Self.standard.test)
    var means = [[Double]](repeating: [Double](repeating: 0, count: 784), count: 10)
    for index in 0..<train.count {
      for pixel in 0..<784 {
        means[Int(train.labels[index])][pixel] += Double(train.pixels[index * 784 + pixel]) / 1000
      }
    }
    let right = (0..<test.count).count { index in
      let distances = means.map { mean -> Double in
        var sum = 0.0
        for pixel in 0..<784 {
          let difference = Double(test.pixels[index * 784 + pixel]) - mean[pixel]
          sum += difference * difference
        }
        return sum
      }
      return distances.firstIndex(of: distances.min() ?? 0) == Int(test.labels[index])
    }
    let accuracy = Double(right) / Double(test.count)
    #expect(accuracy > 0.15 && accuracy < 0.8, "\(accuracy)")
  }
}
