// Images at another size, against values by hand.

import Images
import Testing

@Suite struct ResizingTests {
  private func resized(
    _ pixels: [UInt8], _ height: Int, _ width: Int, channels: Int = 1, to: (Int, Int)
  ) -> [UInt8] {
    let from = ImageShape(height: height, width: width, channels: channels)
    let to = ImageShape(height: to.0, width: to.1, channels: channels)
    let split = ImageSet.Split(pixels: pixels, labels: [1])
    let found = ImageResizing(from: from, to: to)(split)
    #expect(found.labels == [1])
    return found.pixels
  }

  @Test func `twice as many pixels lie at quarters between the old ones`() {
    // Centres at -1/4, 1/4, 3/4 and 5/4.
    #expect(resized([0, 100], 1, 2, to: (1, 4)) == [0, 25, 75, 100])
    #expect(resized([0, 100], 2, 1, to: (4, 1)) == [0, 25, 75, 100])
    #expect(
      resized([0, 100, 100, 200], 2, 2, to: (4, 4)) == [
        0, 25, 75, 100, 25, 50, 100, 125, 75, 100, 150, 175, 100, 125, 175, 200,
      ])
  }

  @Test func `half as many again lie at thirds, and halves are rounded up`() {
    // Centres at -1/6, 1/2 and 7/6.
    #expect(resized([0, 101], 1, 2, to: (1, 3)) == [0, 51, 101])
    #expect(resized([10, 20, 30, 40], 1, 4, to: (1, 6)) == [10, 15, 22, 28, 35, 40])
  }

  @Test func `the same size is the same, of every channel by itself`() {
    let pixels: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]
    #expect(resized(pixels, 2, 2, channels: 3, to: (2, 2)) == pixels)
    #expect(
      resized([0, 200, 100, 0], 1, 2, channels: 2, to: (1, 4)) == [
        0, 200, 25, 150, 75, 50, 100, 0,
      ])
  }

  @Test func `some of the images become what they become among all`() {
    let resizing = ImageResizing(
      from: ImageShape(height: 1, width: 2, channels: 1),
      to: ImageShape(height: 1, width: 4, channels: 1))
    let all = ImageSet.Split(pixels: [0, 100, 50, 60, 7, 9], labels: [0, 1, 2])
    let some = resizing(all[1..<3])
    #expect(some == resizing(all)[1..<3])
    #expect(some.labels == [1, 2] && some.pixels == [50, 53, 58, 60, 7, 8, 9, 9])
    #expect(all[3..<3] == ImageSet.Split())
  }

  @Test func `what is coarser is sampled`() {
    #expect(resized([0, 10, 20, 30], 1, 4, to: (1, 2)) == [5, 25])
    #expect(resized([7], 1, 1, to: (2, 3)) == [7, 7, 7, 7, 7, 7])
  }
}
