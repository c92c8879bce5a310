// PNG: all kinds of pixels become eight bits, and what is none is refused before it takes memory.

import Foundation
import Images
import MutatedImages
import TestSupport
import Testing

@Suite struct PNGTests {
  /// Made by another encoder, with filters and compressed; the pixels are those that Netpbm's form
  /// of them has.
  struct Sample: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: String
    let pixels: [UInt8]
    let shape: ImageShape
  }

  private static let grey: [UInt8] = [0, 10, 255, 128, 77, 200]
  private static let coloured: [UInt8] = [
    255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 40, 50, 60, 255, 255, 255,
  ]

  static let samples = [
    Sample(
      testDescription: "grey, a filtered row",
      file: "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR42mNg4PrP2HC2GgAI2ALT3PLy"
        + "dgAAAABJRU5ErkJggg==",
      pixels: grey, shape: ImageShape(height: 2, width: 3, channels: 1)),
    Sample(
      testDescription: "grey, 16 bits",
      file: "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACEAAAAADoj+WFAAAAFklEQVR42mNgYODi+v+foaHB1/fECQAb"
        + "wgU9ztDjJwAAAABJRU5ErkJggg==",
      pixels: grey, shape: ImageShape(height: 2, width: 3, channels: 1)),
    Sample(
      testDescription: "a palette, 4 bits",
      file: "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACBAMAAABvWnspAAAAElBMVEX/AAAA/wAAAP8KFB4oMjz///9/"
        + "+68sAAAADklEQVR42mNgVGAwCQAAAUMApsOlESsAAAAASUVORK5CYII=",
      pixels: coloured, shape: ImageShape(height: 2, width: 3, channels: 3)),
    Sample(
      testDescription: "RGB, interlaced",
      file: "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAFlEcHbAAAAGElEQVR42mP4zwAC/8GIS0ROw8jm////"
        + "ADqGBs2BEA+GAAAAAElFTkSuQmCC",
      pixels: coloured, shape: ImageShape(height: 2, width: 3, channels: 3)),
    Sample(
      testDescription: "RGBA, what is transparent lies on black",
      file: "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAADUlEQVR42mP4z8AARgAO+gL+KkBeuQAA"
        + "AABJRU5ErkJggg==",
      pixels: [255, 0, 0, 0, 0, 0], shape: ImageShape(height: 1, width: 2, channels: 3)),
    Sample(
      testDescription: "grey and alpha",
      file: "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAQAAABeK7cBAAAADUlEQVR42mM48T+FAQAG6gIs63uKWAAA"
        + "AABJRU5ErkJggg==",
      pixels: [200, 0], shape: ImageShape(height: 1, width: 2, channels: 1)),
    Sample(
      testDescription: "a bit a pixel",
      file: "iVBORw0KGgoAAAANSUhEUgAAAAkAAAABAQAAAAAkubnQAAAAC0lEQVR42mPY0AAAAeMBMSDzeR4AAAAA"
        + "SUVORK5CYII=",
      pixels: [255, 0, 255, 255, 0, 0, 0, 0, 255],
      shape: ImageShape(height: 1, width: 9, channels: 1)),
  ]

  @Test(arguments: samples)
  func `pixels are those of the file`(sample: Sample) throws {
    let image = try Image([UInt8](#require(Data(base64Encoded: sample.file))))
    #expect(image.shape == sample.shape)
    #expect(image.pixels == sample.pixels)
  }

  @Test func `light is mixed with black as light, and a gamma that the file says is applied`()
    throws
  {
    let half = PNGSample.bytes(
      width: 2, height: 1, colourType: 4, rows: [0, 255, 128, 255, 255])
    #expect(try Image(half).pixels == [188, 255])
    let grey = PNGSample.grey(width: 1, height: 1, [128])
    #expect(try Image(grey).pixels == [128])
    // A gamma of 1, behind the header: 128 is half of the light.
    let gamma: [UInt8] = [0, 0, 0, 4] + Array("gAMA".utf8) + [0, 1, 0x86, 0xA0, 0, 0, 0, 0]
    let linear = PNGSample.sealed(Array(grey[..<33]) + gamma + Array(grey[33...]))
    let pixel = try #require(Image(linear).pixels.first)
    #expect((184...190).contains(pixel), "\(pixel)")
  }

  @Test func `the tests' own files are such`() throws {
    let image = try Image(PNGSample.grey(width: 3, height: 2, Self.grey))
    #expect(image.pixels == Self.grey)
  }

  @Test func `an image of 100,000 x 100,000 pixels is refused by its header`() {
    let bomb = PNGSample.bytes(width: 100_000, height: 100_000, rows: [0])
    #expect(
      problem { _ = try Image(bomb) }
        == "its header says 100000 x 100000 pixels; each side must have 1 to 4096")
  }

  @Test func `an image that its bytes cannot hold is refused by its header`() {
    let bomb = PNGSample.bytes(width: 4000, height: 4000, rows: [0])
    #expect(
      problem { _ = try Image(bomb) }
        == "its header says 4000 x 4000 pixels, more than its \(bomb.count) bytes can hold")
  }

  @Test func `what is none says so`() {
    let png = PNGSample.grey(width: 3, height: 2, Self.grey)
    var damaged = png
    damaged[50] ^= 1
    let cases: [([UInt8], String)] = [
      ([], "it is neither a PNG nor a PGM: it begins with nothing"),
      (Array("GIF".utf8), "it is neither a PNG nor a PGM: it begins with 47 49 46"),
      (Array(png[..<20]), "it ends within its header"),
      (Array(png[..<8]) + Array(png[33...]), "it has no header: its first chunk is no IHDR"),
      (Array(png[..<50]), "it ends within the chunk at byte 33"),
      (Array(png.dropLast(12)), "it ends within the chunk at byte 64"),
      (damaged, "the chunk at byte 33 is damaged: its checksum is wrong"),
      (
        PNGSample.bytes(width: 0, height: 2, rows: [0]),
        "its header says 2 x 0 pixels; each side must have 1 to 4096"
      ),
    ]
    for (bytes, expected) in cases {
      #expect(problem { _ = try Image(bytes) } == expected)
    }
    let text = problem { _ = try Image(PNGSample.bytes(width: 3, height: 2, rows: [0])) }
    #expect(text.hasPrefix("it is a PNG that cannot be decoded: "), "\(text)")
  }
}
