// A small data set of pictures in files, as a user would have one: a folder for each class.

import Foundation

/// Pictures in three classes that are easy to tell apart: columns, flat ones, and rows.
package enum PictureFolder {
  package static let classes = ["columns", "flat", "rows"]

  /// Writes PGM files.
  ///
  /// - Parameters:
  ///   - path: of the folder, which is made.
  ///   - count: pictures of each class; the last tenth of them is tested on.
  ///   - side: pixels along each side.
  ///   - shade: added to each pixel, for another set of the same names.
  package static func write(
    to path: String, count: Int = 30, side: Int = 8, shade: Int = 0
  ) throws {
    for (label, name) in classes.enumerated() {
      let folder = "\(path)/\(name)"
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      for number in 0..<count {
        var random = UInt64(1000 * label + number)
        let pixels = (0..<side * side).map { place -> UInt8 in
          random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          let (row, column) = place.quotientAndRemainder(dividingBy: side)
          let light = [column / 2 % 2 * 160, 80, row / 2 % 2 * 160][label]
          return UInt8(light + shade + Int(random >> 33 % 60))
        }
        let digits = String(number + 1000).dropFirst()
        let file = Data("P5\n\(side) \(side)\n255\n".utf8) + Data(pixels)
        try file.write(to: URL(filePath: "\(folder)/\(digits).pgm"))
      }
    }
  }
}
